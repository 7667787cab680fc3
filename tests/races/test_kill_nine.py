"""``kill -9`` in the middle of writes: what was answered is committed, and nothing is half done."""

import signal
import subprocess
import sys

import pytest
from tests.shop import open_shop

from ostiary.storage.database import Database


def migrate(url):
    """Bring the database up to date before anybody races for it."""
    database = Database.from_url(url, migrates_itself=True)
    database.engine()
    database.close()


PROGRAM = """
import os, sys
os.environ["OSTIARY_DEVELOPMENT"] = "1"
from tests.shop import Shop
shop = Shop(sys.argv[1])
number = 0
while True:
    number += 1
    browser = shop.browser()
    browser.vouch("ada")
    id = browser.cookie().split(".")[0]
    print("in", id, flush=True)
    if number % 2:
        browser.post("/leave")
        print("out", id, flush=True)
"""


@pytest.mark.attack("S27")
@pytest.mark.asvs("V2.3.3")
def test_a_process_that_is_killed_loses_nothing_that_was_answered_and_leaves_nothing_half_done(database_url):
    migrate(database_url)
    answered = []
    for length in (5, 8, 11, 17):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, database_url], stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(length)]
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        # A last line may be cut short; the whole ones were answered.
        answered += [line.split() for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith("\n")]
    signed_in = {id for word, id in answered if word == "in"}
    signed_out = {id for word, id in answered if word == "out"}
    assert len(signed_out) >= 8
    with open_shop(database_url) as shop:
        kept = {row.id for row in shop.rows("ada")}
        left = {detail["session"] for name, _, detail in shop.audit("ada") if name == "signed_out"}
        succeeded = shop.named("ada").count("sign_in_succeeded")
        # Answered, so committed: a sign-in is a row, or one whose end is on record; a sign-out is no row.
        assert signed_in <= kept | left
        assert signed_out <= left
        # No half: a row and its audit row came together, and so did their end and its audit row.
        assert not kept & left
        assert succeeded == len(kept) + len(left)
        assert set(shop.live()) == kept
        browser = shop.browser()
        browser.vouch("ada")
        assert browser.who == "ada", "and it goes on as if nothing had been"
