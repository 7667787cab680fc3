"""Growth of the audit log: a sign-in, which writes a row of it, while it holds up to ten million."""

from collections.abc import Callable, Sequence

from benchmarks.case import ORIGIN
from benchmarks.growth.databases import Filled, databases, filled
from benchmarks.growth.fill import fill_audit
from benchmarks.growth.line import FLAT, Growing, Subject
from benchmarks.workplace import Workplace
from ostiary import AuditLog, Sessions

_OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


def subject(place: Workplace, sizes: Sequence[int]) -> Subject:
    """The sign-in, with so many rows."""
    things: list[Growing] = []
    for where in databases(place):
        runs = {
            size: _sign_in(filled(place, f"audit-{size}", where, [Sessions(), AuditLog()], fill_audit, size))
            for size in sizes
        }
        name = f"Ostiary, a sign-in and its audit row ({where.said})"
        things.append(Growing(name=name, runs=runs, ours=True, by_wall=where.server, aim=FLAT))
    return Subject(
        plot="growth-audit",
        title="A sign-in, as the audit log grows",
        about="Microseconds of CPU; on PostgreSQL microseconds that pass, which is mostly waiting for the disk.",
        x="rows of the audit log",
        y="microseconds a sign-in",
        things=things,
    )


def _sign_in(made: Filled) -> Callable[[], object]:
    client = made.app.test_client()

    def sign_in() -> None:
        answer = client.post("/sign-in", base_url=ORIGIN, headers=_OWN_PAGE)
        assert answer.status_code == 200, answer.get_data()

    return sign_in
