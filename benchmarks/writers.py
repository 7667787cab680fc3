"""``python -m benchmarks.writers``: two processes of eight threads that sign in, refresh and sign out on one SQLite file.

For a minute, without ``database is locked`` and without losing anything: every sign-in that was answered is a session until
it is signed out, and every refresh token that was answered is good once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks import ours
from benchmarks.case import ORIGIN, SECRET
from benchmarks.workplace import Workplace
from ostiary import Sessions, Tokens

TABLE = Path("benchmarks/results/writers.table.json")
_OWN = {"Sec-Fetch-Site": "same-origin"}


def write(folder: Path, seconds: float, threads: int) -> Counter[str]:
    """What one process does: how often each thing was answered, and what went wrong."""
    place = Workplace(folder=folder)
    app, auth = ours.application(place, "writers", [Sessions(), Tokens(secret=SECRET)], place.sqlite("writers"))
    told, ends = Counter[str](), time.monotonic() + seconds

    def work(number: int) -> None:
        client, round_ = app.test_client(), 0
        while time.monotonic() < ends:
            round_ += 1
            said = client.post("/sign-in", base_url=ORIGIN, headers=_OWN)
            told[f"sign-in {said.status_code}"] += 1
            with app.app_context():
                issued = auth.tokens.issue(f"writer{number}")
                renewed = auth.tokens.refresh(str(issued.refresh_token))
            told["refresh"] += 1
            seen = client.get("/guarded", base_url=ORIGIN)
            told[f"seen {seen.status_code}"] += 1
            bearer = app.test_client().get(
                "/guarded", base_url=ORIGIN, headers={"Authorization": f"Bearer {renewed.access_token}"}
            )
            told[f"token {bearer.status_code}"] += 1
            left = client.post("/auth/sign-out", base_url=ORIGIN, headers=_OWN, json={})
            told[f"sign-out {left.status_code}"] += 1
            gone = client.get("/guarded", base_url=ORIGIN)
            told[f"after it {gone.status_code}"] += 1

    def guarded(number: int) -> None:
        try:
            work(number)
        except Exception as failed:  # noqa: BLE001 - whatever it is, it is the finding
            told[f"raised {type(failed).__name__}: {failed}"[:200]] += 1

    running = [threading.Thread(target=guarded, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return told


def together(folder: Path, *, processes: int, threads: int, seconds: float) -> Counter[str]:
    """So many processes at once."""
    # The first to come makes the file.
    write(folder, 0, 0)
    command = [sys.executable, "-m", "benchmarks.writers", "--child", str(folder)]
    command += ["--threads", str(threads), "--seconds", str(seconds)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    total = Counter[str]()
    for child in children:
        said, _ = child.communicate()
        total += Counter(json.loads(said))
    return total


def main() -> None:
    """Two processes of eight threads, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(write(options.child, options.seconds, options.threads)))
        return
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        told = together(Path(folder), processes=2, threads=options.threads, seconds=options.seconds)
    rows = [{"what, and its answer": what, "times": f"{many:,}"} for what, many in sorted(told.items())]
    title = f"Writers on one SQLite file: 2 processes of {options.threads} threads, {options.seconds:g} seconds"
    for row in rows:
        print(row)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(json.dumps({"title": title, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
