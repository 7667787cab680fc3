"""The cases of a run, measured side by side: ours, then each peer that is installed; what is not is said."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Final

from benchmarks import ours
from benchmarks.case import Case
from benchmarks.database_servers import Services
from benchmarks.machine import own_versions
from benchmarks.measure import measure
from benchmarks.report import Found, Tell
from benchmarks.workplace import Workplace, open_workplace

PEERS: Final = (
    "flask_jwt_extended",
    "authlib",
    "flask_login",
    "flask_security",
    "better_auth",
    "pycasbin",
    "cedarpy",
)
_ROUNDS: Final = 31
_QUICK_ROUNDS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which cases are wanted: only ``ours``, only those with one of these in their name; in how many ``rounds``."""

    ours: bool = False
    only: tuple[str, ...] = ()
    rounds: int | None = None


def find(services: Services, *, quick: bool, choice: Choice, tell: Tell) -> Found:
    """Make the cases, and measure those that are wanted and what they are divided by."""
    versions, missing = own_versions(), dict(services.missing)
    with open_workplace(services) as place:
        tell("making our applications")
        made = list(ours.cases(place, ours.A_LOOK if quick else ours.Amounts()))
        if not choice.ours:
            made += _peers(place, quick=quick, versions=versions, missing=missing, tell=tell)
        rounds = choice.rounds or (_QUICK_ROUNDS if quick else _ROUNDS)
        figures = measure(chosen(made, choice.only), rounds=rounds, tell=tell)
    return Found(figures=figures, versions=versions, missing=missing)


def chosen(made: list[Case], only: tuple[str, ...]) -> list[Case]:
    """The cases with one of these in their name, and those they are divided by; all of them if none is named."""
    if not only:
        return made
    wanted = {case.name: case for case in made if any(part in case.name for part in only)}
    bases = {case.base for case in wanted.values()}
    return [case for case in made if case.name in wanted or case.name in bases]


def _peers(
    place: Workplace, *, quick: bool, versions: dict[str, str], missing: dict[str, str], tell: Tell
) -> Iterator[Case]:
    """The cases of the peers; ``versions`` and ``missing`` are filled with what each is, or why it is not measured."""
    for name in PEERS:
        tell(f"making the applications of {name}")
        try:
            peer = import_module(f"benchmarks.peers.{name}")
            made = list(peer.cases(place, quick=quick))
            versions[peer.PACKAGE] = version(peer.PACKAGE)
        except Exception as failed:  # noqa: BLE001 - a peer that cannot be measured is reported, and the others are
            missing[name] = f"{type(failed).__name__}: {failed}".splitlines()[0][:200]
            continue
        yield from made
