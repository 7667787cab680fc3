"""``python -m benchmarks.storm``: five hundred sign-ins at once, while those who are signed in go on.

Their 99th percentile is to stay within three times the quiet one. Who finds the line for a password's hash full is told
to come again (503 with Retry-After), before any work, and does; at the end everybody is signed in. The memory of the
server's processes is watched. The server and its clients share this machine.
"""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.ours import PASSWORD
from benchmarks.servers import serving

TABLE = Path("benchmarks/results/storm.table.json")
_HEADERS = {"Host": "shop.example", "X-Forwarded-Proto": "https", "Origin": "https://shop.example"}
_PATIENCE = 300.0


@dataclass(slots=True)
class Signed:
    """What those who are signed in waited, in milliseconds."""

    waits: list[float] = field(default_factory=list)
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
        time.sleep(0.01)
    connection.close()


def sign_in(address: str, told: "Counter[str]", number: int) -> None:
    """One who signs in, and comes again when told to."""
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
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_PATIENCE)
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
        time.sleep(int(answer.headers["Retry-After"]) * (0.5 + number % 10 / 10))
    told["gave up"] += 1


def _visitors(address: str, cookie: str, many: int, until: Callable[[], bool]) -> tuple[Signed, list[threading.Thread]]:
    signed = Signed()
    threads = [threading.Thread(target=visit, args=(address, cookie, until, signed), daemon=True) for _ in range(many)]
    for thread in threads:
        thread.start()
    return signed, threads


def resident(folder: Path) -> float:
    """Megabytes that the processes of this server keep in memory."""
    mark, total = f"BENCH_FOLDER={folder}".encode(), 0
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if mark in Path(process, "environ").read_bytes().split(b"\0"):
                    total += int(Path(process, "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            except OSError:
                continue
    return total / 1e6


def storm(folder: Path, *, sign_ins: int, workers: int, threads: int, quiet: float) -> dict[str, str]:
    """One storm."""
    with serving("gunicorn", "passwords", folder, workers=workers, threads=threads) as address:
        cookie = json.loads(Path(folder, "headers.json").read_text())[0]["Cookie"]
        ends = time.monotonic() + quiet
        before, visitors = _visitors(address, cookie, 4, lambda: time.monotonic() > ends)
        for thread in visitors:
            thread.join()
        small = resident(folder)
        over, told = threading.Event(), Counter[str]()
        during, visitors = _visitors(address, cookie, 4, over.is_set)
        start = time.monotonic()
        guests = [
            threading.Thread(target=sign_in, args=(address, told, number), daemon=True) for number in range(sign_ins)
        ]
        for guest in guests:
            guest.start()
        most = small
        while any(guest.is_alive() for guest in guests):
            most = max(most, resident(folder))
            time.sleep(0.5)
        took = time.monotonic() - start
        over.set()
        for thread in visitors:
            thread.join()
    ratio = during.percentile(0.99) / before.percentile(0.99)
    return {
        "workers x threads": f"{workers} x {threads}",
        "sign-ins": f"{told['200']} of {sign_ins} in {took:.0f} s",
        "told to come again": str(told["503"]),
        "gave up": str(told["gave up"]),
        "quiet p99, ms": f"{before.percentile(0.99):.1f}",
        "p99 in the storm, ms": f"{during.percentile(0.99):.1f}",
        "ratio (aim: at most 3)": f"{ratio:.1f} {'met' if ratio <= 3 else 'missed'}",
        "signed in and refused": str(before.refused + during.refused),
        "memory, MB": f"{small:.0f}, at most {most:.0f}",
    }


def main() -> None:
    """A storm for each database and each arrangement of workers, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sign-ins", type=int, default=500)
    parser.add_argument("--quiet", type=float, default=5.0, help="seconds of quiet before")
    options = parser.parse_args()
    rows = []
    for workers, threads in ((1, 32), (2, 32)):
        with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as name:
            row = storm(Path(name), sign_ins=options.sign_ins, workers=workers, threads=threads, quiet=options.quiet)
        rows.append({"database": "SQLite", **row})
        print(rows[-1], flush=True)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    title = "A storm of sign-ins while others are signed in (gunicorn; clients on the same machine)"
    TABLE.write_text(json.dumps({"title": title, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
