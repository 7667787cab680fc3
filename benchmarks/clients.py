"""Clients of a storm, in processes of their own: those who are signed in and look at pages, and those who sign in.

They wait in threads. In one process, five hundred who sign in would slow down the clocks of those whose waiting is measured.
"""

import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from benchmarks.case import ORIGIN
from benchmarks.child import environment, program

PASSWORD: Final = "correct horse battery staple"
"""The password of everybody here."""

_HEADERS: Final = {"Host": "shop.example", "X-Forwarded-Proto": "https", "Origin": ORIGIN}
_PATIENCE: Final = 300.0
_PAUSE: Final = 0.01

IN_VAIN: Final = "503 after waiting"
"""Of those who were told to come again, who had waited in the line before: its place was there, the time was not."""

# Whoever is refused because the line is full waits for nothing; a line is left after ten seconds.
_IN_LINE: Final = 5.0


@dataclass(slots=True)
class Signed:
    """What those who are signed in waited, in milliseconds."""

    waits: list[float] = field(default_factory=list[float])
    refused: int = 0

    def percentile(self, part: float) -> float:
        """The wait that this part of the requests stayed below."""
        return statistics.quantiles(self.waits, n=1000)[round(part * 1000) - 1]


def visit(address: str, cookie: str, until: Callable[[], bool], signed: Signed) -> None:
    """One who is signed in, and looks at a page every few milliseconds."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    while not until():
        start = time.perf_counter()
        connection.request("GET", "/guarded", headers={**_HEADERS, "X-Forwarded-For": "192.0.2.1", "Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        signed.waits.append((time.perf_counter() - start) * 1000)
        signed.refused += answer.status != 200
        time.sleep(_PAUSE)
    connection.close()


def sign_in(address: str, told: "Counter[str]", number: int) -> None:
    """One who signs in, and comes again when told to, somewhat sooner or later than that."""
    body = json.dumps({"identifier": f"user{number}", "password": PASSWORD})
    network = f"10.{number // 256}.{number % 256}.1"
    headers = {
        **_HEADERS,
        "X-Forwarded-For": network,
        "Content-Type": "application/json",
        "Sec-Fetch-Site": "same-origin",
    }
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        connection, began = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_PATIENCE), time.monotonic()
        try:
            connection.request("POST", "/password", body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
        except OSError:
            told["not answered"] += 1
            time.sleep(0.5)
            continue
        finally:
            connection.close()
        told[str(answer.status)] += 1
        if answer.status == 200:
            return
        if answer.status != 503:
            break
        told[IN_VAIN] += time.monotonic() - began >= _IN_LINE
        time.sleep(int(answer.headers["Retry-After"]) * (0.5 + number % 10 / 10))
    told["gave up"] += 1


@contextmanager
def visiting(address: str, cookie: str, many: int) -> Generator[Signed]:
    """So many who are signed in look at pages; what they waited is in the value when the context has ended."""
    signed = Signed()
    child = subprocess.Popen(
        program("-m", "benchmarks.clients", "visit", address, cookie, str(many)),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield signed
    finally:
        said, _ = child.communicate()
    found = json.loads(said)
    signed.waits += found["waits"]
    signed.refused += found["refused"]


def signing_in(address: str, *, first: int, many: int, at_once: int) -> "subprocess.Popen[str]":
    """So many sign in, of whom at no time more than ``at_once`` are under way; see ``told_to``.

    The process stands back: in a storm that is none of this benchmark, its clients are elsewhere.
    """
    child = program("-m", "benchmarks.clients", "sign-in", address, str(first), str(many), str(at_once))
    return subprocess.Popen(["nice", "-n", "10", *child], env=environment(), stdout=subprocess.PIPE, text=True)


def told_to(child: "subprocess.Popen[str]") -> Counter[str]:
    """What those who signed in were told: how often which status, and how many gave up."""
    said, _ = child.communicate()
    return Counter(json.loads(said))


def _visit_until_told(address: str, cookie: str, many: int) -> None:
    over, signed = threading.Event(), Signed()
    threads = [threading.Thread(target=visit, args=(address, cookie, over.is_set, signed)) for _ in range(many)]
    for thread in threads:
        thread.start()
    # It ends when whoever started this process closes it.
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"waits": signed.waits, "refused": signed.refused}))


def _sign_in_all(address: str, first: int, many: int, at_once: int) -> None:
    told, turns, taking = Counter[str](), iter(range(first, first + many)), threading.Lock()

    def go_on() -> None:
        while True:
            with taking:
                number = next(turns, None)
            if number is None:
                return
            sign_in(address, told, number)

    threads = [threading.Thread(target=go_on, daemon=True) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(told))


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    if what == "visit":
        _visit_until_told(given[0], given[1], int(given[2]))
    else:
        _sign_in_all(given[0], int(given[1]), int(given[2]), int(given[3]))
