"""Breached passwords: found in a sorted file of any size and by the range API, of which five digits leave the machine."""

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.passwords.house import open_house
from tests.outbound.server import Server

from ostiary import Passwords
from ostiary.features.passwords.breaches import BreachesUnreachable, BreachFile, RangeApi, sha1_name
from ostiary.kernel.errors import ValidationFailed
from ostiary.outbound import OutboundClient

KNOWN = "a window over the harbour"


def _name(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


# A file


def _file(path: Path, passwords, *, counts: bool = True, end: str = "\r\n", newline_at_end: bool = True) -> BreachFile:
    lines = sorted(_name(password) + (f":{len(password)}" if counts else "") for password in passwords)
    path.write_bytes((end.join(lines) + (end if newline_at_end else "")).encode())
    return BreachFile(str(path))


@pytest.mark.asvs("V6.2.12")
@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("newline_at_end", [True, False])
def test_every_password_of_a_file_is_found_and_no_other(tmp_path, counts, end, newline_at_end) -> None:
    known = [f"password {number}" for number in range(300)]
    breaches = _file(tmp_path / "breaches.txt", known, counts=counts, end=end, newline_at_end=newline_at_end)
    assert all(breaches.contains(password) for password in known)
    assert not any(breaches.contains(f"other {number}") for number in range(300))


@given(st.sets(st.text(min_size=1, max_size=8), max_size=20), st.text(min_size=1, max_size=8))
def test_a_file_of_any_size_answers_as_a_set_does(tmp_path_factory, known: set[str], asked: str) -> None:
    breaches = _file(tmp_path_factory.mktemp("breaches") / "b.txt", known)
    assert breaches.contains(asked) == (sha1_name(asked) in {_name(password) for password in known})


def test_a_large_file_is_read_in_few_places(tmp_path, monkeypatch) -> None:
    from ostiary.features.passwords import breaches as module

    chance = random.Random(7)
    path = tmp_path / "large.txt"
    names = sorted({f"{chance.getrandbits(160):040X}" for _ in range(50_000)} | {_name(KNOWN)})
    path.write_text("".join(f"{name}:1\n" for name in names))
    reads = []
    original = module._line_at
    monkeypatch.setattr(module, "_line_at", lambda file, place: reads.append(place) or original(file, place))
    assert BreachFile(str(path)).contains(KNOWN)
    assert len(reads) <= 24


def test_an_empty_file_knows_nothing_and_a_missing_one_cannot_be_asked(tmp_path) -> None:
    assert not _file(tmp_path / "empty.txt", []).contains(KNOWN)
    with pytest.raises(BreachesUnreachable):
        BreachFile(str(tmp_path / "missing.txt")).contains(KNOWN)


@pytest.mark.asvs("V6.2.12")
def test_the_setting_names_a_file_that_is_asked(sqlite_url: str, tmp_path) -> None:
    _file(tmp_path / "breaches.txt", [KNOWN])
    with open_house(sqlite_url, breach_list=str(tmp_path / "breaches.txt")) as house:
        with pytest.raises(ValidationFailed) as failed:
            house.passwords.check_new(KNOWN)
        assert [error.code for error in failed.value.errors] == ["breached"]
        house.passwords.check_new("another harbour by the sea")
    with open_house(sqlite_url, breach_list=str(tmp_path / "breaches.txt"), breaches="off") as house:
        house.passwords.check_new(KNOWN)


def test_a_file_that_is_not_there_stops_the_start() -> None:
    assert [problem.code for problem in Passwords(breach_list="/nowhere").problems()] == ["no_breach_list"]


# The range API


@pytest.fixture
def server():
    with Server() as made:
        yield made


def _api(server: Server, **settings) -> RangeApi:
    return RangeApi(server.url + "/range/", OutboundClient(allow_loopback=True, **settings))


@pytest.mark.asvs("V6.2.12")
def test_only_five_digits_of_the_hash_leave_the_machine(server: Server) -> None:
    name = _name(KNOWN)
    server.answers(200, f"{'0' * 35}:3\r\n{name[5:]}:42\r\n{'F' * 35}:0")
    assert _api(server).contains(KNOWN)
    [request] = server.requests
    assert request.path == f"/range/{name[:5]}"
    assert request.headers["add-padding"] == "true"
    assert name[5:].lower() not in request.text.lower()
    assert KNOWN not in request.text


@pytest.mark.asvs("V6.2.12")
@pytest.mark.parametrize("body", ["", "rubbish\r\n\r\n:::", "{name}:0", "{name}: 0 ", "x{name}:5", "é" * 10])
def test_a_line_of_padding_or_rubbish_is_no_breach(server: Server, body: str) -> None:
    server.answers(200, body.format(name=_name(KNOWN)[5:]))
    assert not _api(server).contains(KNOWN)


def test_small_letters_in_an_answer_are_the_same_hash(server: Server) -> None:
    server.answers(200, f"{_name(KNOWN)[5:].lower()}:1")
    assert _api(server).contains(KNOWN)


@pytest.mark.asvs("V6.2.12")
@pytest.mark.parametrize("status", [301, 302, 400, 404, 429, 500, 503])
def test_any_answer_but_a_list_is_no_answer(server: Server, status: int) -> None:
    server.answers(status, f"{_name(KNOWN)[5:]}:1", headers={"Location": server.url + "/range/elsewhere"})
    with pytest.raises(BreachesUnreachable):
        _api(server).contains(KNOWN)
    assert len(server.requests) == 1


@pytest.mark.asvs("V6.2.12")
def test_an_api_that_cannot_be_reached_or_says_too_much_cannot_be_asked(server: Server) -> None:
    with pytest.raises(BreachesUnreachable):
        RangeApi("http://127.0.0.1:1/", OutboundClient(allow_loopback=True)).contains(KNOWN)
    server.answers(200, "x" * 100_000)
    with pytest.raises(BreachesUnreachable):
        _api(server, largest=10_000).contains(KNOWN)


def test_the_setting_asks_the_range_api_over_https_only(sqlite_url: str) -> None:
    with open_house(sqlite_url, breaches="online") as house:
        assert isinstance(house.passwords._breaches, RangeApi)
    problems = Passwords(breaches="online", breach_url="http://mirror.example/").problems()
    assert [problem.code for problem in problems] == ["breach_url_not_https"]


@pytest.mark.asvs("V6.2.12")
def test_nothing_is_asked_where_breaches_are_off(sqlite_url: str) -> None:
    for settings in ({"breaches": "off"}, {"breaches": "offline"}):
        with open_house(sqlite_url, **settings) as house:
            assert house.passwords._breaches is None
