"""Writers: two processes of eight threads that sign in, refresh and sign out on one SQLite file.

For a minute, without ``database is locked`` and without losing anything: every sign-in that was answered is a session until
it is signed out, and every refresh token that was answered is good once.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks import ours
from benchmarks.case import ORIGIN, SECRET
from benchmarks.child import environment, program
from benchmarks.report import Found, Table, Tell
from benchmarks.workplace import Workplace
from ostiary import Sessions, Tokens

_OWN: Final = {"Sec-Fetch-Site": "same-origin"}
EXPECTED: Final = ("sign-in 200", "refresh", "seen 200", "token 200", "sign-out 204", "after it 401")
"""What each round of a writer is answered, in this order, if nothing is lost: each as often as every other."""


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
    child = program("-m", "benchmarks.writers", "--child", str(folder), str(seconds), str(threads))
    children = [subprocess.Popen(child, stdout=subprocess.PIPE, text=True, env=environment()) for _ in range(processes)]
    total = Counter[str]()
    for one in children:
        said, _ = one.communicate()
        total += Counter(json.loads(said))
    return total


def find(*, quick: bool, tell: Tell) -> Found:
    """Two processes of eight threads, and the table."""
    seconds, processes, threads = (5.0 if quick else 60.0), 2, 8
    tell(f"{seconds:g} seconds")
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        told = together(Path(folder), processes=processes, threads=threads, seconds=seconds)
    title = f"Writers on one SQLite file: {processes} processes of {threads} threads, {seconds:g} seconds"
    return Found(tables=[Table(title=title, about=_ABOUT, rows=rows(told, seconds))])


_ABOUT: Final = (
    "Each signs in, issues tokens, renews them, is seen by session and by token, signs out, and is not seen any more. All of it "
    "has to happen as often as everything else of it, and nothing besides: no `database is locked`, nothing lost."
)


def rows(told: "Counter[str]", seconds: float) -> list[dict[str, str]]:
    """What was answered how often; the verdict; and the transactions that it took."""
    times = told[EXPECTED[0]]
    well = times > 0 and set(told) == set(EXPECTED) and set(told.values()) == {times}
    written = [{"what, and its answer": what, "times": f"{told[what]:,}"} for what in sorted(told, key=_place)]
    verdict = "met" if well else "**missed**"
    # A session begins and ends, tokens are issued and renewed: four commits a round, each on disk.
    rate = 4 * times / seconds
    return [
        *written,
        {
            "what, and its answer": "all of them alike, and nothing else",
            "times": f"{verdict}, {rate:,.0f} transactions a second",
        },
    ]


def _place(what: str) -> int:
    return EXPECTED.index(what) if what in EXPECTED else len(EXPECTED)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(write(Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
    else:
        from benchmarks.front import main  # the front knows every part; here it is told which

        main(["writers", *sys.argv[1:]])
