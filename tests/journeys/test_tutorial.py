"""The tutorial, step by step as it is written: its files, its commands, what they print."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.browser.chromium import free_port

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial" / "first-application.md").read_text("utf-8")
# What is written before a block names the file that it becomes.
STEP = re.compile(r"^```(python|py|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([a-z_]+\.py)`:\s*$")


def steps():
    for match in STEP.finditer(TUTORIAL):
        kind, text = match.groups()
        named = FILE.search(TUTORIAL[: match.start()])
        yield kind, text, named[1] if named else "app.py"


class Reader:
    """Somebody who follows the tutorial in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.server: subprocess.Popen | None = None
        binaries = Path(sys.executable).parent
        self.environment = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT / "src"),
        }

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")
        if name == "app.py" and self.server is not None:
            # The reloader would do the same, a moment later.
            self.stop()
            self.start()

    def start(self) -> None:
        command = ["flask", "--app", "app", "--debug", "run", "--no-reload", "--port", str(self.port)]
        self.server = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        log = self.server.stderr
        assert log is not None
        # It listens before it says so.
        assert any("Running on" in line for line in log), "the server ended"
        # What nobody reads would stop it in the end.
        self.reading = threading.Thread(target=log.read, daemon=True)
        self.reading.start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait(30)
            self.reading.join(30)
            assert self.server.stderr is not None
            self.server.stderr.close()
            self.server = None

    def run(self, command: str, expected: str) -> None:
        if command.startswith(("mkdir", "python3 -m venv", "pip install")):
            # The environment of the tests is the one that this makes.
            return
        if command.endswith(" run"):
            self.start()
            return
        command = command.replace("127.0.0.1:5000", f"127.0.0.1:{self.port}").replace("curl ", "curl -s ")
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )
        shown = done.stdout + done.stderr
        # Flask indents JSON while it debugs; a page has no room for that.
        for part in filter(None, map(_squeezed, expected.split("…"))):
            assert part in _squeezed(shown), f"$ {command}\n{shown}"


def _squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture
def reader(tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    made = Reader(tmp_path)
    yield made
    made.stop()


def test_the_tutorial_does_what_it_says(reader):
    for kind, text, name in steps():
        if kind != "console":
            reader.write(name, text)
            continue
        command, expected = None, []
        for line in [*text.splitlines(), "$ "]:
            if not line.startswith("$ "):
                expected.append(line)
                continue
            if command:
                reader.run(command, "\n".join(expected))
            command, expected = line[2:], []


def test_the_tutorial_has_all_its_steps():
    kinds = [(kind, name) for kind, _, name in steps()]
    assert [name for kind, name in kinds if kind == "py"] == ["conftest.py", "test_app.py"]
    assert sum(kind == "python" for kind, _ in kinds) == 2
    assert sum(kind == "console" for kind, _ in kinds) == 6
