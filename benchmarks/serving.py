"""Serving: one of the applications behind a real server, as a context."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.child import environment

_PATIENCE = 60.0


@contextmanager
def serving(
    server: str,
    kind: str,
    folder: Path,
    *,
    workers: int = 1,
    threads: int = 1,
    database: str | None = None,
    cores: set[int] | None = None,
) -> Generator[str]:
    """A server of this application on these ``cores``; the value is its address. What it keeps is in ``folder``."""
    port = _free_port()
    bin_ = Path(sys.executable).parent
    if server == "gunicorn":
        command = [f"{bin_}/gunicorn", "-b", f"127.0.0.1:{port}", "-w", str(workers), "--log-level", "error"]
        # Connections are kept for as long as anything here pauses: setting them up is not what is measured.
        command += ["-k", "gthread", "--threads", str(threads), "--keep-alive", "75", "benchmarks.serve:application()"]
    else:
        command = [f"{bin_}/granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--factory"]
        command += ["--workers", str(workers), "--blocking-threads", str(threads), "--log-level", "error"]
        command += ["benchmarks.serve:application"]
    given = {"BENCH_FOLDER": str(folder), "BENCH_KIND": kind}
    if database is not None:
        given["BENCH_DATABASE"] = database
    log = Path(folder, "server.log")
    with log.open("w") as written:
        process = subprocess.Popen(
            [*_pinned(cores), *command],
            env=environment(**given),
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    try:
        _wait_for(port, Path(folder, "headers.json"), process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)


def _pinned(cores: set[int] | None) -> list[str]:
    """A command in front of a command, which has it run on these cores."""
    return [] if cores is None else ["taskset", "--cpu-list", ",".join(str(core) for core in sorted(cores))]


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        # It waits for its workers, and they for connections that nobody closes.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_for(port: int, told: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        if process.poll() is not None:
            message = "the server ended: " + log.read_text()[-2_000:]
            raise RuntimeError(message)
        with socket.socket() as probe:
            if told.exists() and probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    message = "the server does not answer: " + log.read_text()[-2_000:]
    raise RuntimeError(message)
