"""``python -m benchmarks.servers``: the same applications behind gunicorn and granian, asked by wrk.

Requests a second for each core that is given to the server, and the 50th and 99th percentile of what a client waits. wrk
needs a core as well: on a machine of two, one is the server's and one is wrk's.
"""

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KINDS = ("bare", "token", "flask-jwt-extended", "session", "flask-login")
_LUA = """
local headers = {{{headers}}}
local turn = 0
request = function()
  turn = turn % #headers + 1
  return wrk.format("GET", "/guarded", headers[turn])
end
"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0}
TABLE = Path("benchmarks/results/servers.table.json")


@contextmanager
def serving(server: str, kind: str, folder: Path, *, workers: int = 1, threads: int = 1) -> Iterator[str]:
    """A server of this application; the value is its address."""
    port = _free_port()
    bin_ = Path(sys.executable).parent
    target = f'benchmarks.serve:make("{kind}")'
    if server == "gunicorn":
        command = [f"{bin_}/gunicorn", "-b", f"127.0.0.1:{port}", "-w", str(workers), "--log-level", "error"]
        command += ["-k", "gthread", "--threads", str(threads), target]
    else:
        command = [f"{bin_}/granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--factory"]
        command += ["--workers", str(workers), "--blocking-threads", str(threads), "--log-level", "error"]
        command += [f"benchmarks.granian_{kind.replace('-', '_')}:make"]
        _write_factory(kind, folder)
    with Path(folder, "server.log").open("w") as log:
        process = subprocess.Popen(command, env=_environment(folder), stdout=log, stderr=log)
    try:
        _wait_for(port, Path(folder, "headers.json"), process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _environment(folder: Path) -> dict[str, str]:
    import os  # for the environment of a child

    return {**os.environ, "BENCH_FOLDER": str(folder), "PYTHONPATH": f"src:.:{folder}"}


def _write_factory(kind: str, folder: Path) -> None:
    """granian calls a factory without arguments."""
    package = Path(folder, "benchmarks")
    package.mkdir(exist_ok=True)
    module = f"from benchmarks.serve import make as _make\n\ndef make():\n    return _make({kind!r})\n"
    Path(package, f"granian_{kind.replace('-', '_')}.py").write_text(module)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_for(port: int, told: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            message = "the server ended: " + Path(told.parent, "server.log").read_text()[-2_000:]
            raise RuntimeError(message)
        with socket.socket() as probe:
            if told.exists() and probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    message = "the server does not answer"
    raise RuntimeError(message)


def _ask(address: str, folder: Path, seconds: int) -> dict[str, float]:
    headers = json.loads(Path(folder, "headers.json").read_text())
    own = [{**one, "Host": "shop.example", "X-Forwarded-Proto": "https"} for one in headers]
    written = ", ".join(
        "{" + ", ".join(f"[{json.dumps(k)}]={json.dumps(v)}" for k, v in one.items()) + "}" for one in own
    )
    script = Path(folder, "wrk.lua")
    script.write_text(_LUA.format(headers=written))
    said = subprocess.run(
        ["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", "-s", str(script), address],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in said:
        message = f"refused: {said}"
        raise RuntimeError(message)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),  # type: ignore[index] # wrk always says it
        "p50": _milliseconds(said, "50%"),
        "p99": _milliseconds(said, "99%"),
    }


def _milliseconds(said: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", said)
    assert found is not None, said
    return float(found[1]) * _UNITS[found[2]]


def main() -> None:
    """Ask each application behind each server, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="how long each is asked")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed (Debian: apt-get install wrk)")
    rows = []
    for server in ("gunicorn", "granian"):
        for kind in _KINDS:
            with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as name:
                folder = Path(name)
                with serving(server, kind, folder) as address:
                    _ask(address, folder, 1)
                    got = _ask(address, folder, options.seconds)
            rows.append(
                {
                    "server": server,
                    "application": kind,
                    "requests a second and core": f"{got['rate']:,.0f}",
                    "p50, ms": f"{got['p50']:.2f}",
                    "p99, ms": f"{got['p99']:.2f}",
                }
            )
            print(rows[-1], flush=True)
    title = "Over real servers: one worker of one thread, 8 connections of wrk"
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(json.dumps({"title": title, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
