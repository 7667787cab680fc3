"""The signing key of a developer's machine: made once, for its owner alone, and never in production."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from ostiary import ConfigurationError
from ostiary.features.tokens.development_key import development_key
from ostiary.kernel.key_folder import KeyFolder


def problem(act):
    with pytest.raises(ConfigurationError) as caught:
        act()
    return caught.value.problems[0].code


def kept(tmp_path, algorithm="ES256"):
    return development_key(KeyFolder(path=tmp_path / "instance", may_make=True), algorithm=algorithm)[0].kid


def test_it_outlives_a_restart_and_is_readable_by_its_owner_alone(tmp_path):
    assert kept(tmp_path) == kept(tmp_path)
    (file,) = (tmp_path / "instance").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_of_many_that_start_at_once_one_makes_it(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: kept(tmp_path), range(16)))) == 1
    assert len(list((tmp_path / "instance").iterdir())) == 1


def test_another_algorithm_has_a_key_of_its_own(tmp_path):
    assert kept(tmp_path, "Ed25519") != kept(tmp_path)
    assert kept(tmp_path, "Ed25519") == kept(tmp_path, "Ed25519")


def test_a_file_that_others_can_read_is_refused(tmp_path):
    kept(tmp_path)
    (file,) = (tmp_path / "instance").iterdir()
    file.chmod(0o644)
    assert problem(lambda: kept(tmp_path)) == "key_file_is_open"


def test_a_link_that_somebody_planted_is_not_followed(tmp_path):
    kept(tmp_path)
    (file,) = (tmp_path / "instance").iterdir()
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert problem(lambda: kept(tmp_path)) == "key_file_is_open"


def test_what_is_in_the_file_is_checked_as_any_key(tmp_path):
    kept(tmp_path)
    (file,) = (tmp_path / "instance").iterdir()
    file.write_text('{"kty":"oct","k":"AAAA"}')
    assert problem(lambda: kept(tmp_path)) == "shared_secret"


def test_tests_leave_no_file_and_production_makes_none(tmp_path):
    assert development_key(KeyFolder(path=None, may_make=True), algorithm="ES256")[0].can_sign
    assert problem(lambda: development_key(KeyFolder(path=None, may_make=False), algorithm="ES256")) == "no_signing_key"
    assert list(tmp_path.iterdir()) == []
