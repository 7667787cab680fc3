"""Children: the processes that a run starts, in an environment like that of an installed application."""

import compileall
import os
import shutil
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks import ROOT

_MEANT_FOR_DEVELOPMENT: Final = ("PYTHONDONTWRITEBYTECODE", "PYTHONPROFILEIMPORTTIME", "OSTIARY_DEVELOPMENT")


def environment(*places: Path, **more: str) -> dict[str, str]:
    """The environment of a child that imports from these places, or else from the checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in _MEANT_FOR_DEVELOPMENT}
    path = os.pathsep.join(str(place) for place in places or (ROOT / "src", ROOT))
    return {**kept, "PYTHONPATH": path, **more}


def install(folder: Path) -> Path:
    """Our package as an installation leaves it: its files, compiled. The value is the place to import it from.

    From a checkout the first process compiles what it imports, and each one does where bytecode is not kept.
    """
    place = Path(folder, "installed")
    shutil.copytree(ROOT / "src" / "ostiary", place / "ostiary", ignore=shutil.ignore_patterns("__pycache__"))
    _compile(place)
    return place


@cache
def compile_peers() -> None:
    """Compile the packages of this environment: some installers do not, and then the first process would."""
    _compile(Path(sysconfig.get_path("purelib")))


def _compile(place: Path) -> None:
    # Some packages bring templates of Python that do not compile, and say so: nobody imports them.
    compileall.compile_dir(place, quiet=2, workers=os.cpu_count() or 1)


def program(*arguments: str) -> list[str]:
    """The command of a Python program in this environment."""
    return [sys.executable, *arguments]
