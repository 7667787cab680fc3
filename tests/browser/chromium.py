"""A real browser and a real mail server for tests that visit the demo as a person does."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo" / "app.py"


@contextmanager
def chromium() -> Iterator[Any]:
    """Headless Chromium, Debian's own."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium: install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        try:
            yield browser
        finally:
            browser.close()


def free_port() -> int:
    """A port of this machine that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Mailboxes:
    """A handler of aiosmtpd that keeps what arrives, and refuses every other mail at first."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str]] = []
        self.tried = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.tried += 1
        if self.tried % 2:
            return "451 try again a little later"
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.arrived.append((envelope.rcpt_tos[0], message.get_body(("plain",)).get_content()))
        return "250 kept"

    def link(self, page: Any, address: str, *, after: int = 0) -> str:
        """The link of the mail to an address, once it has arrived; ``page`` keeps time meanwhile."""
        for _ in range(300):
            found = [text for to, text in self.arrived[after:] if to == address]
            if found:
                return re.findall(r"http://\S+", found[-1])[0]
            page.wait_for_timeout(100)
        raise AssertionError(f"no mail to {address}: {self.arrived}")


@contextmanager
def mail_server() -> Iterator[tuple[Mailboxes, str]]:
    """A real SMTP server that fails half the time, and its URL."""
    from aiosmtpd.controller import Controller

    boxes, port = Mailboxes(), free_port()
    controller = Controller(boxes, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield boxes, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@contextmanager
def demo(folder: Path, **settings: str) -> Iterator[str]:
    """The demo in a process of its own; the answer is its address."""
    environment = {**os.environ, "DEMO_DATA": str(folder), **settings}
    command = [sys.executable, "-u", str(DEMO)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as program:
        try:
            yield next(line.split()[5] for line in program.stdout if "is running at" in line)
        finally:
            program.terminate()
