"""The lock between threads and processes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ostiary.storage.file_lock import file_lock


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    inside: list[int] = []
    barrier = threading.Barrier(4)

    def enter(number: int) -> None:
        barrier.wait()
        for _ in range(20):
            with file_lock(tmp_path / "a"):
                inside.append(number)
                assert len(inside) == 1
                inside.clear()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(enter, number) for number in range(4)]:
            done.result()


def test_processes_exclude_each_other(tmp_path: Path, race: Callable[..., list[Any]]) -> None:
    source = """
from pathlib import Path
from ostiary.storage.file_lock import file_lock
def child(number, folder):
    count = Path(folder, "count")
    for _ in range(25):
        with file_lock(count):
            count.write_text(str(int(count.read_text()) + 1))
    return True
"""
    (tmp_path / "count").write_text("0")
    race(source, 4, str(tmp_path))
    assert (tmp_path / "count").read_text() == "100"
