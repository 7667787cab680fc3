"""Start-up: what it costs to import a library, and to make an application with it, each in a process of its own.

All of it stands compiled on the disk, as an installation leaves it, ours as theirs. The programs take turns; a ratio is the
median of those that each round gave by itself. What Python and Flask cost by themselves is part of every figure.
"""

import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.child import compile_peers, environment, install, program
from benchmarks.report import Found, Table, Tell

_FLASK: Final = "import flask"
_APP: Final = "from flask import Flask; app = Flask('start'); "
_OURS: Final = (
    _APP + "app.config.update(OSTIARY_SECRET_KEY='{secret}', OSTIARY_PUBLIC_URL='https://shop.example', "
    "OSTIARY_MAIL_URL='smtp+starttls://shop:secret@mail.shop.example', OSTIARY_MAIL_FROM='shop@shop.example'); "
    "from ostiary.flask import Auth; "
)
_SECRET: Final = "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Bench-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3"
_SECURITY: Final = (
    _APP
    + "app.config.update(SECRET_KEY='{secret}', SECURITY_PASSWORD_SALT='1465', SQLALCHEMY_DATABASE_URI='sqlite://'); "
    "from flask_sqlalchemy import SQLAlchemy; from flask_security import Security, SQLAlchemyUserDatastore; "
    "from flask_security.models import fsqla_v3; db = SQLAlchemy(app); fsqla_v3.FsModels.set_db_info(db); "
    "Role = type('Role', (db.Model, fsqla_v3.FsRoleMixin), {{}}); "
    "User = type('User', (db.Model, fsqla_v3.FsUserMixin), {{}}); Security(app, SQLAlchemyUserDatastore(db, User, Role))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A program that is started. ``base``: the one it is compared with, and ``aim``: how much more it may take at most."""

    name: str
    source: str
    base: str | None = None
    aim: float | None = None


STARTS: Final = (
    Start(name="import flask", source=_FLASK),
    Start(name="import flask_jwt_extended", source="import flask_jwt_extended"),
    Start(
        name="import ostiary.flask, with Tokens",
        source="import ostiary.flask; from ostiary import Tokens",
        base="import flask_jwt_extended",
        aim=1.25,
    ),
    Start(
        name="an application with stateless Tokens",
        source=_OURS + "auth = Auth(app, [__import__('ostiary').Tokens(secret='{secret}', stateless=True)])",
        base="an application with Flask-JWT-Extended",
    ),
    Start(
        name="an application with Flask-JWT-Extended",
        source=_APP + "from flask_jwt_extended import JWTManager; JWTManager(app)",
    ),
    Start(name="an application with Flask-Security", source=_SECURITY),
    Start(
        name="an application with everything of Ostiary",
        source=_OURS + "from ostiary import Accounts, ApiKeys, Passwords, RememberMe, Roles, Sessions, Tokens; "
        "auth = Auth(app, [Accounts(), Passwords(), RememberMe(), Sessions(), Tokens(), ApiKeys(), "
        "Roles({{'teller': ['order:*']}})])",
        base="an application with Flask-Security",
        aim=1.0,
    ),
)
# The most memory of this program alone: getrusage would count what the process was before it became this program.
_FRAME: Final = """
import time
start = time.process_time()
{program}
took = time.process_time() - start
most, = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(took, most)
"""
_ROUNDS: Final = 25
_QUICK_ROUNDS: Final = 5


@dataclass(slots=True)
class _Taken:
    """What a program took, a figure each round: milliseconds of CPU, and megabytes that the process had at most."""

    cpu: list[float] = field(default_factory=list[float])
    memory: list[float] = field(default_factory=list[float])


def run(source: str, place: Path) -> tuple[float, float]:
    """Milliseconds of CPU that a program takes, and megabytes; with our package imported from this place."""
    written = _FRAME.format(program=source.format(secret=_SECRET))
    # In that folder, so that nothing is imported from the checkout.
    said = subprocess.run(
        program("-c", written), cwd=place, env=environment(place), capture_output=True, text=True, check=False
    )
    if said.returncode:
        message = f"{source[:60]}: {said.stderr[-600:]}"
        raise RuntimeError(message)
    took, most = said.stdout.split()[-2:]
    return float(took) * 1e3, int(most) / 1024


def find(*, quick: bool, tell: Tell) -> Found:
    """Start each program in turn, and the table."""
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        tell("compiling")
        place = install(Path(folder))
        compile_peers()
        taken = {start.name: _Taken() for start in STARTS}
        # The first round brings the files into the system's cache.
        for number in range(-1, rounds):
            tell(f"round {number + 1} of {rounds}")
            for start in STARTS:
                cpu, memory = run(start.source, place)
                if number >= 0:
                    taken[start.name].cpu.append(cpu)
                    taken[start.name].memory.append(memory)
    return Found(
        tables=[Table(title="Imports and applications", about=_ABOUT, rows=[_row(one, taken) for one in STARTS])]
    )


_ABOUT: Final = (
    "Each in a process of its own, compiled beforehand, in turn; the middle half of the rounds in brackets. "
    "Ratios are medians of each round's own."
)


def _row(start: Start, taken: dict[str, _Taken]) -> dict[str, str]:
    own = taken[start.name]
    row = {
        "what": f"**{start.name}**" if "ostiary" in start.source else start.name,
        "CPU, ms": _spread(own.cpu, ".0f"),
        "memory, MB": f"{statistics.median(own.memory):.0f}",
    }
    if start.base is None:
        return row
    base = taken[start.base]
    cpu = [one / other for one, other in zip(own.cpu, base.cpu, strict=True)]
    memory = [one / other for one, other in zip(own.memory, base.memory, strict=True)]
    row |= {"beside": start.base, "time": _spread(cpu, ".2f"), "memory": f"{statistics.median(memory):.2f}"}
    if start.aim is not None:
        met = max(statistics.median(cpu), statistics.median(memory)) <= start.aim
        row |= {"aim": f"≤ {start.aim:g}: " + ("met" if met else "**missed**")}
    return row


def _spread(found: list[float], form: str) -> str:
    low, median, high = statistics.quantiles(found, n=4)
    return f"{median:{form}} ({low:{form}}-{high:{form}})"


if __name__ == "__main__":
    from benchmarks.front import main  # the front knows every part; here it is told which

    main(["start-up", *sys.argv[1:]])
