"""PostgreSQL and Redis for one run: those that the environment names, or Debian's, started for it and stopped after it."""

import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from benchmarks import ROOT
from benchmarks.report import Tell

# As the tests and CI start them, but with what is committed on disk: a server that forgets is faster than one has.
# It ends when its standard input does, however this process ends.
_SCRIPT: Final = """
postgresql_settings=""
unset OSTIARY_TEST_POSTGRESQL_URL OSTIARY_TEST_REDIS_URL  # those of tests, which are not ours to measure
. .ci/services
trap stop_services EXIT
trap '' INT
for service in $wanted; do
    if "have_$service"; then
        "start_$service" >&2 && echo "$service started"
    else
        echo "$service absent"
    fi
done
echo "postgresql ${OSTIARY_TEST_POSTGRESQL_URL:-}"
echo "redis ${OSTIARY_TEST_REDIS_URL:-}"
echo ready
cat >/dev/null
"""
_NAMED: Final = {"postgresql": "BENCH_POSTGRESQL_URL", "redis": "BENCH_REDIS_URL"}
_PACKAGES: Final = {"postgresql": "postgresql", "redis": "redis-server"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The URLs of what there is, and of what there is not, why."""

    postgresql: str | None = None
    redis: str | None = None
    missing: Mapping[str, str] = field(default_factory=dict[str, str])


@contextmanager
def open_services(tell: Tell) -> Generator[Services]:
    """What the environment names; of the rest, what is installed here, in a folder that is gone afterwards."""
    named = {service: os.environ.get(variable) or None for service, variable in _NAMED.items()}
    wanted = [service for service, url in named.items() if url is None]
    if not wanted:
        yield Services(postgresql=named["postgresql"], redis=named["redis"])
        return
    tell("starting " + " and ".join(wanted))
    shell = subprocess.Popen(
        ["bash", "-c", _SCRIPT],
        cwd=ROOT,
        env={**os.environ, "wanted": " ".join(wanted)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield _started(shell, named, wanted)
    finally:
        shell.communicate()


def _started(shell: "subprocess.Popen[str]", named: Mapping[str, str | None], wanted: list[str]) -> Services:
    assert shell.stdout is not None
    said: dict[str, str] = {}
    absent: set[str] = set()
    for line in shell.stdout:
        name, _, rest = line.strip().partition(" ")
        if name == "ready":
            break
        if rest == "absent":
            absent.add(name)
        elif rest not in {"", "started"}:
            said[name] = rest
    urls = {service: named[service] or (said.get(service) if service in wanted else None) for service in _NAMED}
    missing = {
        service: f"no {_NAMED[service]}, and "
        + (f"Debian's package {_PACKAGES[service]} is not installed" if service in absent else "it did not start")
        for service, url in urls.items()
        if url is None
    }
    return Services(postgresql=urls["postgresql"], redis=urls["redis"], missing=missing)
