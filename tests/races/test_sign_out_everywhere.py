"""Races: signing in against signing out everywhere and suspension, from threads and from processes."""

import subprocess
import sys
import threading

import pytest
from tests.shop import FrozenClock, Shop

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
sys.stdin.readline()
for _ in range(6):
    assert shop.browser().vouch("ada").status_code == 200
print("done")
"""


@pytest.mark.attack("S18")
@pytest.mark.attack("S19")
@pytest.mark.asvs("V7.4.2")
def test_of_sign_ins_and_sign_out_everywhere_at_once_no_session_of_before_lives(database_url):
    migrate(database_url)
    shop = Shop(database_url, clock=FrozenClock())
    try:
        for _ in range(8):
            before = [shop.browser() for _ in range(3)]
            for browser in before:
                browser.vouch("ada")
            barrier = threading.Barrier(5)

            def sign_in():
                barrier.wait()
                shop.browser().vouch("ada")

            def sign_out():
                barrier.wait()
                before[0].post("/leave?scope=everywhere")

            def suspend():
                barrier.wait()
                shop.suspend()

            threads = [threading.Thread(target=one) for one in (sign_in, sign_in, sign_out, suspend, suspend)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [browser.who for browser in before] == ["", "", ""]
            # Whatever was started before the last raise is dead; what came after it is alive under its epoch.
            shop.suspend()
            assert shop.live() == []
    finally:
        shop.close()


@pytest.mark.attack("S18")
def test_processes_that_sign_in_while_somebody_is_suspended_leave_nothing_of_before(database_url):
    migrate(database_url)
    shop = Shop(database_url)
    try:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        for _ in range(10):
            shop.suspend()
        outputs = [process.communicate(timeout=60)[0] for process in processes]
        assert all("done" in output for output in outputs)
        shop.suspend()
        assert shop.live() == []
        # Every sign-in that was answered is on record, none twice.
        assert shop.named("ada").count("sign_in_succeeded") == 12
    finally:
        shop.close()
