"""Growth of accounts: finding one by its address, and signing it in, whose hash is left out: it costs the same always."""

import random
from collections.abc import Callable, Sequence

from benchmarks.case import ORIGIN
from benchmarks.growth.databases import Filled, databases, filled
from benchmarks.growth.fill import fill_accounts
from benchmarks.growth.line import FLAT, Growing, Subject
from benchmarks.workplace import Workplace
from ostiary import Accounts, Sessions

_OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}


def subject(place: Workplace, sizes: Sequence[int], peers: Sequence[int]) -> Subject:
    """Both, with so many accounts, each with an address and a password; and Flask-Security's sign-in."""
    things: list[Growing] = []
    for where in databases(place):
        made = {
            size: filled(place, f"accounts-{size}", where, [Accounts(), Sessions()], fill_accounts, size)
            for size in sizes
        }
        for what, act in (
            ("an account found by its address", _finding),
            ("found and signed in, without a hash", _sign_in),
        ):
            runs = {size: act(one, size) for size, one in made.items()}
            name = f"Ostiary, {what} ({where.said})"
            things.append(Growing(name=name, runs=runs, ours=True, by_wall=where.server, aim=FLAT))
    if peers:
        from benchmarks.peers import flask_security  # only where it is measured

        finding = {size: flask_security.finding(place, size) for size in peers}
        things.append(Growing(name="Flask-Security, found and signed in, without a hash (SQLite)", runs=finding))
    return Subject(
        plot="growth-accounts",
        title="Accounts, as there are more of them",
        about="Microseconds of CPU; on PostgreSQL microseconds that pass.",
        x="accounts",
        y="microseconds",
        things=things,
    )


def _address(chosen: random.Random, many: int) -> str:
    return f"user{chosen.randint(1, many)}@shop.example"


def _finding(made: Filled, many: int) -> Callable[[], object]:
    chosen, app, auth = random.Random(many), made.app, made.auth

    def find() -> None:
        with app.app_context():
            assert auth.accounts.find(email=_address(chosen, many)) is not None

    return find


def _sign_in(made: Filled, many: int) -> Callable[[], object]:
    chosen, app, auth = random.Random(many), made.app, made.auth

    @app.post("/sign-in-of/<email>")
    def sign_in_of(email: str) -> dict[str, int]:
        account = auth.accounts.find(email=email)
        assert account is not None
        auth.sign_in(account)
        return {}

    def sign_in() -> None:
        answer = app.test_client().post(f"/sign-in-of/{_address(chosen, many)}", base_url=ORIGIN, headers=_OWN_PAGE)
        assert answer.status_code == 200, answer.get_data()

    return sign_in
