"""``python -m benchmarks.startup``: what it costs to import a library, and to make an application with it.

Each in a process of its own, in turn, many times; what Python and Flask cost by themselves is part of every figure.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Final

TABLE: Final = Path("benchmarks/results/startup.table.json")

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
# name, program, the one it is compared with, and the aim.
_PROGRAMS: Final[tuple[tuple[str, str, str | None, float | None], ...]] = (
    ("import flask", _FLASK, None, None),
    ("import flask_jwt_extended", "import flask_jwt_extended", None, None),
    (
        "import ostiary.flask, with Tokens",
        "import ostiary.flask; from ostiary import Tokens",
        "import flask_jwt_extended",
        1.25,
    ),
    (
        "an application with stateless Tokens",
        _OURS + "auth = Auth(app, [__import__('ostiary').Tokens(secret='{secret}', stateless=True)])",
        None,
        None,
    ),
    (
        "an application with Flask-JWT-Extended",
        _APP + "from flask_jwt_extended import JWTManager; JWTManager(app)",
        None,
        None,
    ),
    ("an application with Flask-Security", _SECURITY, None, None),
    (
        "an application with everything of Ostiary",
        _OURS + "from ostiary import Accounts, ApiKeys, Passwords, RememberMe, Sessions, Tokens; "
        "auth = Auth(app, [Accounts(), Passwords(), RememberMe(), Sessions(), Tokens(), ApiKeys()])",
        "an application with Flask-Security",
        1.0,
    ),
)
_FRAME: Final = """
import resource, time
start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{program}
print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run(program: str) -> tuple[float, float]:
    """Milliseconds of CPU that it took, and megabytes that the process had at most."""
    written = _FRAME.format(program=program.format(secret=_SECRET))
    said = subprocess.run([sys.executable, "-c", written], capture_output=True, text=True, check=False)
    if said.returncode:
        message = f"{program[:60]}: {said.stderr[-600:]}"
        raise RuntimeError(message)
    took, most = said.stdout.split()[-2:]
    return float(took) * 1e3, int(most) / 1024


def main() -> None:
    """Import in turn, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in _PROGRAMS}
    for _ in range(options.rounds):
        for name, program, *_rest in _PROGRAMS:
            figures[name].append(run(program))
    rows = []
    for name, _, base, aim in _PROGRAMS:
        took, most = _medians(figures[name])
        row = {"what": name, "CPU, ms": f"{took:.0f}", "memory, MB": f"{most:.0f}", "ratio": "", "aim": ""}
        if base is not None:
            others = _medians(figures[base])
            ratios = took / others[0], most / others[1]
            met = aim is None or max(ratios) <= aim
            row |= {
                "ratio": f"time {ratios[0]:.2f}, memory {ratios[1]:.2f} of {base}",
                "aim": f"at most {aim}: {'met' if met else 'missed'}",
            }
        rows.append(row)
        print(row, flush=True)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(json.dumps({"title": "Start-up, each in a process of its own", "rows": rows}, indent=1))


def _medians(found: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(took for took, _ in found), statistics.median(most for _, most in found)


if __name__ == "__main__":
    main()
