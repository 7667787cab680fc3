"""``kill -9`` in the middle of writes: what was answered is committed, and nothing is half done."""

import signal
import subprocess
import sys

import pytest
from tests.shop import Shop

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
while True:
    browser = shop.browser()
    browser.vouch("ada")
    print(browser.cookie().split(".")[0], flush=True)
"""


@pytest.mark.attack("S27")
@pytest.mark.asvs("V2.3.3")
def test_a_process_that_is_killed_loses_nothing_that_was_answered_and_leaves_nothing_half_done(database_url):
    migrate(database_url)
    answered = []
    for length in (5, 11, 17):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, database_url], stdout=subprocess.PIPE, text=True)
        answered += [process.stdout.readline().strip() for _ in range(length)]
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        # A last line may be cut short; the whole ones were answered.
        answered += [line for line in rest.split("\n")[:-1] if line]
    shop = Shop(database_url)
    try:
        kept = {row.id for row in shop.rows("ada")}
        assert set(answered) <= kept
        assert shop.named("ada").count("sign_in_succeeded") == len(kept)
    finally:
        shop.close()
