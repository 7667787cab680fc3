"""The memory of verified tokens: bounded, until they end, forgotten when the keys change, and for many threads."""

import threading
from types import SimpleNamespace

from ostiary.features.tokens.verified_token import VerifiedTokens


def token(expires_at=1_000):
    return SimpleNamespace(expires_at=expires_at)


def test_a_verdict_holds_until_the_token_ends():
    known, good = VerifiedTokens(), token(expires_at=1_000)
    known.remember(b"a", good, version=0)
    assert known.find(b"a", version=0, now=999) is good
    assert known.find(b"a", version=0, now=1_000) is None
    assert len(known) == 0


def test_beyond_its_bound_what_was_not_seen_for_longest_goes():
    known = VerifiedTokens(capacity=2)
    for digest in (b"a", b"b"):
        known.remember(digest, token(), version=0)
    assert known.find(b"a", version=0, now=0)
    known.remember(b"c", token(), version=0)
    assert [known.find(digest, version=0, now=0) is not None for digest in (b"a", b"b", b"c")] == [True, False, True]


def test_when_a_key_goes_everything_is_verified_again():
    known = VerifiedTokens()
    known.remember(b"a", token(), version=0)
    assert known.find(b"a", version=1, now=0) is None
    assert known.find(b"a", version=0, now=0) is None


def test_what_was_verified_by_the_keys_of_before_is_not_kept():
    known = VerifiedTokens()
    known.find(b"a", version=1, now=0)
    known.remember(b"a", token(), version=0)
    assert len(known) == 0


def test_many_threads_neither_lose_nor_overfill_it():
    known, wrong = VerifiedTokens(capacity=50), []

    def work(name):
        for number in range(500):
            digest = f"{name}-{number % 80}".encode()
            mine = SimpleNamespace(expires_at=1_000, digest=digest)
            found = known.find(digest, version=0, now=0)
            if found is None:
                known.remember(digest, mine, version=0)
            elif found.digest != digest:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(known) <= 50
