"""The deployment: what must be there in production, told all at once; what development forgives."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from tests.shop import KEY

from ostiary.kernel.errors import ConfigurationError
from ostiary.kernel.settings import Sources
from ostiary.runtime.deployment import KEY_FILE, NAMES, development_key, read_deployment
from ostiary.web.origin import parse_origin

GOOD = {"SECRET_KEY": KEY, "PUBLIC_URL": "https://shop.example"}


def read(tmp_path: Path, *, development=False, testing=False, config=None, **environment: str):
    sources = Sources(
        config={f"OSTIARY_{name}": value for name, value in (config or {}).items()},
        environment={f"OSTIARY_{name}": value for name, value in environment.items()},
    )
    problems = []
    found = read_deployment(
        sources, problems, development=development, testing=testing, instance_path=tmp_path / "instance"
    )
    return found, [problem.code for problem in problems], problems


# Production


def test_with_a_key_and_a_public_url_production_starts(tmp_path):
    found, codes, _ = read(tmp_path, **GOOD)
    assert codes == []
    assert found.public_url == parse_origin("https://shop.example")
    assert (found.trusted_proxies, found.csrf, found.database_url, found.redis_url) == (0, "metadata", None, None)


@pytest.mark.asvs("V13.2.3")
def test_without_them_both_are_told_each_with_its_cure_and_nothing_is_made_up(tmp_path):
    _, codes, problems = read(tmp_path)
    assert codes == ["no_public_url", "no_secret_key"]
    assert all("OSTIARY_" in problem.what and problem.cure for problem in problems)
    assert not (tmp_path / "instance").exists()


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    wrong = {
        "SECRET_KEY": "changeme",
        "SECRET_KEY_FALLBACKS": "short",
        "PUBLIC_URL": "shop.example/path",
        "TRUSTED_ORIGINS": "https://ok.example, ftp://x",
        "TRUSTED_PROXIES": "many",
        "CSRF": "off",
        "DATABASE_URL": "mysql://x/y",
        "DEVELOPMENT": "perhaps",
    }
    _, codes, problems = read(tmp_path, **wrong)
    assert sorted(codes) == sorted(
        ["weak_secret_key", "weak_secret_key", "not_an_origin", "not_an_origin", "database_unsupported"]
        + ["unreadable_setting"] * 3
    )
    assert "changeme" not in str(ConfigurationError(problems)), "a key is never shown, not even a bad one"


@pytest.mark.parametrize("url", ["http://shop.example", "HTTP://shop.example", "http://localhost:5000"])
def test_a_public_url_without_tls_is_for_development_only(tmp_path, url):
    assert read(tmp_path, **{**GOOD, "PUBLIC_URL": url})[1] == ["public_url_without_tls"]
    assert read(tmp_path, development=True, **{**GOOD, "PUBLIC_URL": url})[1] == []


@pytest.mark.attack("T9")
@pytest.mark.parametrize(
    "url",
    ["https://good.test:80@evil.test", "https://shop.example/path", "//shop.example", "javascript:alert(1)", "*"]
    + ["https://shop.example?x", "https://münchen.example", "https://[::1", "https://shop.example:99999"],
)
def test_what_is_no_origin_is_not_guessed_at(tmp_path, url):
    assert read(tmp_path, **{**GOOD, "PUBLIC_URL": url})[1] == ["not_an_origin"]


def test_one_trailing_slash_is_forgiven(tmp_path):
    assert read(tmp_path, **{**GOOD, "PUBLIC_URL": "https://shop.example/"})[1] == []


def test_trusted_origins_are_a_list(tmp_path):
    found, codes, _ = read(tmp_path, **GOOD, TRUSTED_ORIGINS="https://a.example, http://localhost:5173/")
    assert codes == []
    assert found.trusted_origins == {parse_origin("https://a.example"), parse_origin("http://localhost:5173")}
    assert read(tmp_path, **GOOD, config={"TRUSTED_ORIGINS": ["https://a.example"]})[0].trusted_origins == {
        parse_origin("https://a.example")
    }


@pytest.mark.asvs("V4.1.3")
@pytest.mark.parametrize(("count", "codes"), [("0", []), ("1", []), ("10", []), ("11", ["impossible_proxies"])])
def test_proxies_are_counted(tmp_path, count, codes):
    found, told, _ = read(tmp_path, **GOOD, TRUSTED_PROXIES=count)
    assert told == codes
    assert found.trusted_proxies == (0 if codes else int(count))


def test_a_site_has_a_name_of_one_line(tmp_path):
    assert read(tmp_path, **GOOD)[0].site_name is None
    assert read(tmp_path, **GOOD, SITE_NAME="The Shop & Sons")[0].site_name == "The Shop & Sons"
    for name in ("The\nBcc: eve@evil.example", "x" * 81, "\u202eppohS", "   "):
        found, codes, _ = read(tmp_path, **GOOD, config={"SITE_NAME": name})
        assert (found.site_name, codes) == (None, ["not_a_site_name"])


def test_cookies_are_named_after_the_application_where_it_says_so(tmp_path):
    assert read(tmp_path, **GOOD)[0].cookie_prefix == "ostiary"
    assert read(tmp_path, **GOOD, COOKIE_PREFIX="back-office")[0].cookie_prefix == "back-office"
    for prefix in ("__Host-shop", "a b", "shop;", "shop=", "x" * 33, "-shop", "größe"):
        found, codes, _ = read(tmp_path, **GOOD, COOKIE_PREFIX=prefix)
        assert (found.cookie_prefix, codes) == ("ostiary", ["not_a_cookie_prefix"])


@pytest.mark.asvs("V13.3.4")
def test_a_key_can_be_rotated_newest_first(tmp_path):
    older = "Older-9f8Hq3Lm2Xc7Vb5Nn1Zz6Kk4Jj0Test"
    before, _, _ = read(tmp_path, **{**GOOD, "SECRET_KEY": older})
    after, codes, _ = read(tmp_path, **GOOD, SECRET_KEY_FALLBACKS=older)
    gone, _, _ = read(tmp_path, **GOOD)
    mac = before.key_ring.mac("x", b"y")
    assert codes == []
    assert after.key_ring.verify_mac("x", b"y", mac)
    assert not before.key_ring.verify_mac("x", b"y", after.key_ring.mac("x", b"y"))
    assert not gone.key_ring.verify_mac("x", b"y", mac)


def test_a_key_and_a_url_may_stand_in_files(tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    found, codes, _ = read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"), PUBLIC_URL=GOOD["PUBLIC_URL"])
    assert codes == []
    assert found.key_ring.mac("x", b"y") == read(tmp_path, **GOOD)[0].key_ring.mac("x", b"y")
    assert read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "none"), PUBLIC_URL=GOOD["PUBLIC_URL"])[1] == [
        "unreadable_setting",
        "no_secret_key",
    ]


def test_an_empty_name_is_as_good_as_none(tmp_path):
    assert read(tmp_path, SECRET_KEY="", PUBLIC_URL="")[1] == ["no_public_url", "no_secret_key"]


def test_a_url_with_a_password_is_shown_nowhere(tmp_path):
    urls = {"DATABASE_URL": "postgresql://u:hunter2@h/n", "REDIS_URL": "redis://:hunter2@h/0"}
    found, codes, _ = read(tmp_path, **GOOD, **urls)
    assert codes == []
    assert "hunter2" not in repr(found)
    assert KEY not in repr(found)


def test_the_names_are_those_that_are_read(tmp_path):
    # Each of them, misread, is either a problem or a difference.
    plain = read(tmp_path, **GOOD)[0]
    for name in NAMES:
        found, codes, _ = read(tmp_path, **{**GOOD, name: "https://other.example:1"})
        assert codes or found != plain, name


# Development


def test_development_needs_neither_key_nor_public_url(tmp_path):
    found, codes, _ = read(tmp_path, development=True)
    assert (codes, found.public_url) == ([], None)
    assert (tmp_path / "instance" / KEY_FILE).exists()


def test_tests_leave_no_key_behind_and_share_none(tmp_path):
    first, second = (read(tmp_path, development=True, testing=True)[0] for _ in range(2))
    assert first.key_ring.mac("x", b"y") != second.key_ring.mac("x", b"y")
    assert not (tmp_path / "instance").exists()


@pytest.mark.attack("T15")
def test_the_key_is_made_once_whole_and_for_its_owner_alone(tmp_path):
    mask = os.umask(0)
    try:
        first = development_key(tmp_path)
    finally:
        os.umask(mask)
    assert development_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.attack("T15")
@pytest.mark.parametrize("mode", [0o666, 0o644, 0o640, 0o606])
def test_a_key_that_others_can_read_or_write_is_not_used(tmp_path, mode):
    development_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(ConfigurationError, match="somebody else may know the key") as caught:
        development_key(tmp_path)
    assert "delete it" in str(caught.value)


@pytest.mark.attack("T15")
@pytest.mark.parametrize("target", ["planted", "missing"])
def test_a_link_that_somebody_planted_is_neither_followed_nor_written(tmp_path, target):
    (tmp_path / "planted").write_text(KEY)
    (tmp_path / "planted").chmod(0o600)
    (tmp_path / KEY_FILE).symlink_to(tmp_path / target)
    with pytest.raises(ConfigurationError, match="is a link"):
        development_key(tmp_path)
    assert (tmp_path / "planted").read_text() == KEY
    assert not (tmp_path / "missing").exists()


@pytest.mark.attack("T15")
def test_a_key_file_that_is_no_good_stops_the_start_with_its_cure(tmp_path):
    (tmp_path / "instance").mkdir()
    kept = tmp_path / "instance" / KEY_FILE
    kept.touch(0o600)
    assert read(tmp_path, development=True)[1] == ["weak_secret_key"]
    kept.chmod(0o666)
    assert read(tmp_path, development=True)[1] == ["key_file_is_open"]


def _make_key(folder: str, answers) -> None:
    answers.put(development_key(Path(folder)).reveal())


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    workers = [context.Process(target=_make_key, args=(str(tmp_path), answers)) for _ in range(3)]
    for worker in workers:
        worker.start()
    keys = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join()
    assert len(keys) == 1
