"""Every case of a run: ours, then each peer that is installed; what is not is said."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import version

from benchmarks import ours
from benchmarks.case import Case
from benchmarks.workplace import Workplace

PEERS = (
    "flask_jwt_extended",
    "authlib",
    "flask_login",
    "flask_security",
    "better_auth",
    "pycasbin",
    "cedarpy",
)


def all_cases(
    place: Workplace,
    *,
    quick: bool,
    peers: bool,
    versions: dict[str, str],
    missing: dict[str, str],
    tell: Callable[[str], None],
) -> Iterator[Case]:
    """The cases, with those of the ``peers``; ``versions`` and ``missing`` are filled with what each peer is, or why it is not measured."""
    tell("making our applications")
    yield from ours.cases(place, quick=quick)
    for name in PEERS if peers else ():
        tell(f"making those of {name}")
        try:
            peer = import_module(f"benchmarks.peers.{name}")
            made = list(peer.cases(place, quick=quick))
        except Exception as failed:  # noqa: BLE001 - a peer that cannot be measured is reported, and the others are
            missing[name] = f"{type(failed).__name__}: {failed}".splitlines()[0][:200]
            continue
        versions[peer.PACKAGE] = version(peer.PACKAGE)
        yield from made
