"""Where and of what a run is: the machine in words, the state of the source, and the versions it stands on."""

import os
import platform
import sqlite3
import subprocess
import tomllib
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from benchmarks import ROOT
from benchmarks.report import Stamp

_OWN_PACKAGES: Final = (
    "flask",
    "werkzeug",
    "sqlalchemy",
    "psycopg",
    "redis",
    "cryptography",
    "joserfc",
    "argon2-cffi",
    "gunicorn",
    "granian",
)


def stamp(*, quick: bool) -> Stamp:
    """The stamp of a run that begins now."""
    return Stamp(
        state=_state(),
        date=datetime.now(UTC).date().isoformat(),
        machine=describe_machine(),
        load=round(os.getloadavg()[0], 1),
        quick=quick,
    )


def describe_machine() -> str:
    """The machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processor = _processor() or platform.machine()
    return (
        f"{os.cpu_count()} cores ({processor}), {memory:.0f} GB, {platform.system()}, "
        f"CPython {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0].replace("(R)", "").replace("(TM)", "") if names else None


def _state() -> str:
    """The version, and the commit of what is measured; with what was changed since, it says so."""
    number: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    commit = _git("log", "-1", "--format=%h", "--", "src")
    if not commit:
        return number
    changed = " and what was changed since" if _git("status", "--porcelain", "--", "src") else ""
    return f"{number} at {commit}{changed}"


def _git(*asked: str) -> str:
    try:
        said = subprocess.run(["git", *asked], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def own_versions() -> dict[str, str]:
    """The versions of what we ourselves stand on, and of the servers."""
    found: dict[str, str] = {}
    for package in _OWN_PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
