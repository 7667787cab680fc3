"""Real servers: the same applications behind gunicorn and granian, asked by wrk, in short turns.

All servers are up at once and idle but for the one whose turn it is, so that what disturbs this machine meets them alike.
Where there are two cores or more, the server has one of them for itself, and wrk another.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.report import Found, Table, Tell
from benchmarks.serving import serving

_SERVERS: Final = ("gunicorn", "granian")
_KINDS: Final = {
    "bare": "a bare Flask view",
    "token": "**Ostiary, token, revocation asked (SQLite)**",
    "flask-jwt-extended": "Flask-JWT-Extended, HS256",
    "session": "**Ostiary, session (SQLite)**",
    "flask-login": "Flask-Login, users in SQLite",
}
_CONNECTIONS: Final = 8
_THREADS: Final = 4
_ROUNDS: Final = 9
_QUICK_ROUNDS: Final = 3
# Of one turn. wrk counts whole seconds.
_SECONDS: Final = 2
_LUA: Final = """
local headers = {{{headers}}}
local turn = 0
request = function()
  turn = turn % #headers + 1
  return wrk.format("GET", "/guarded", headers[turn])
end
"""
_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1_000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What wrk says of one turn: requests a second, and milliseconds that half and 99 of a hundred requests stayed below."""

    rate: float
    p50: float
    p99: float


def find(*, quick: bool, tell: Tell) -> Found:
    """Ask each application behind each server, many times in turn, and the table."""
    if shutil.which("wrk") is None:
        return Found(missing={"real servers": "wrk is not installed; it is Debian's package wrk"})
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    server_core, client_core = _cores()
    turns: dict[tuple[str, str], list[Turn]] = {}
    with ExitStack() as up:
        asked: list[tuple[tuple[str, str], str, Path]] = []
        for server in _SERVERS:
            for kind in _KINDS:
                tell(f"starting {server} with {kind}")
                folder = Path(up.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-bench-")))
                address = up.enter_context(serving(server, kind, folder, threads=_THREADS, cores=server_core))
                asked.append(((server, kind), address, _script(folder)))
        for number in range(-1, rounds):
            tell(f"round {number + 1} of {rounds}")
            for which, address, script in asked:
                turn = _ask(address, script, client_core)
                # The first round fills caches.
                if number >= 0:
                    turns.setdefault(which, []).append(turn)
    return Found(tables=[Table(title=_TITLE, about=_about(rounds, apart=server_core is not None), rows=rows(turns))])


_TITLE: Final = f"One worker of {_THREADS} threads, {_CONNECTIONS} connections of wrk"


def _about(rounds: int, *, apart: bool) -> str:
    where = (
        "The server has one core for itself, wrk another: a rate is requests a second *and core*."
        if apart
        else "The server and wrk share the one core there is."
    )
    return (
        f"{where} Medians of {rounds} turns of {_SECONDS} seconds, all servers in turn, and the middle half of them; ratios to "
        "the bare view behind the same server are medians of each round's own. Connections are kept. gunicorn hands each request from "
        "the thread that waits for connections to one that works, and reads HTTP in Python, which costs more than the view."
    )


def _cores() -> tuple[set[int] | None, set[int] | None]:
    """A core for the server and one for wrk; None: they share."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2 or shutil.which("taskset") is None:
        return None, None
    return {usable[0]}, {usable[1]}


def _script(folder: Path) -> Path:
    headers = json.loads(Path(folder, "headers.json").read_text())
    own = [{**one, "Host": "shop.example", "X-Forwarded-Proto": "https"} for one in headers]
    written = ", ".join(
        "{" + ", ".join(f"[{json.dumps(k)}]={json.dumps(v)}" for k, v in one.items()) + "}" for one in own
    )
    script = Path(folder, "wrk.lua")
    script.write_text(_LUA.format(headers=written))
    return script


def _ask(address: str, script: Path, core: set[int] | None) -> Turn:
    pinned = [] if core is None else ["taskset", "--cpu-list", str(*core)]
    said = subprocess.run(
        [*pinned, "wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "--latency", "-s", str(script), address],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return read_turn(said)


def read_turn(said: str) -> Turn:
    """What wrk has printed. Raises ``RuntimeError`` where a request was refused or not answered."""
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+)", said)
    # A wait of more than two seconds wrk calls an error as well, a timeout; it is in the percentiles.
    if "Non-2xx" in said or (broken is not None and broken.groups() != ("0", "0", "0")):
        message = f"refused, or not answered: {said}"
        raise RuntimeError(message)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert rate is not None, said
    return Turn(rate=float(rate[1]), p50=_milliseconds(said, "50%"), p99=_milliseconds(said, "99%"))


def _milliseconds(said: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", said)
    assert found is not None, said
    return float(found[1]) * _UNITS[found[2]]


def rows(turns: dict[tuple[str, str], list[Turn]]) -> list[dict[str, str]]:
    """The table of all turns."""
    written: list[dict[str, str]] = []
    for (server, kind), own in turns.items():
        bare = turns[server, "bare"]
        slower = [other.rate / one.rate for one, other in zip(own, bare, strict=True)]
        written.append(
            {
                "server": server,
                "application": _KINDS[kind],
                "requests a second": _spread([one.rate for one in own], ",.0f"),
                "bare ÷ this": "" if kind == "bare" else _spread(slower, ".2f"),
                "p50, ms": _spread([one.p50 for one in own], ".2f"),
                "p99, ms": _spread([one.p99 for one in own], ".1f"),
            }
        )
    return written


def _spread(found: Sequence[float], form: str) -> str:
    low, median, high = statistics.quantiles(found, n=4)
    return f"{median:{form}} ({low:{form}}-{high:{form}})"


if __name__ == "__main__":
    from benchmarks.front import main  # the front knows every part; here it is told which

    main(["servers", *sys.argv[1:]])
