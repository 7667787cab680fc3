"""The list of the most common passwords: enough of every length, and each of them refused."""

import pytest

from ostiary.features.passwords.most_common import fold, is_most_common, most_common
from ostiary.features.passwords.policy import PasswordPolicy


@pytest.mark.asvs("V6.2.4")
@pytest.mark.parametrize("least", range(8, 18))
def test_at_least_three_thousand_of_every_length_are_refused(least: int) -> None:
    policy = PasswordPolicy(min_length=least)
    long_enough = [password for password in most_common() if len(password) >= least]
    assert len(long_enough) >= 3_000
    taken = [password for password in long_enough if not policy.check_password(password)]
    assert taken == []


@pytest.mark.asvs("V6.2.4")
def test_the_list_is_folded_and_holds_nothing_twice() -> None:
    from importlib.resources import files

    lines = files("ostiary.features.passwords").joinpath("most_common.txt").read_text("utf-8").splitlines()
    assert len(lines) == len(set(lines)) == len(most_common())
    assert all(fold(line) == line and len(line) >= 4 for line in lines)
    assert lines[:2] == ["123456", "password"]


@pytest.mark.parametrize("password", ["password", "qwertyuiop", "1234567890"])
def test_case_and_width_make_no_difference(password: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in password)
    for written in (password.upper(), password.title(), wide):
        assert is_most_common(fold(written))


def test_the_source_and_its_licence_are_shipped() -> None:
    from importlib.resources import files

    notice = files("ostiary.features.passwords").joinpath("most_common.NOTICE.txt").read_text("utf-8")
    assert "SecLists" in notice
    assert "MIT License" in notice
