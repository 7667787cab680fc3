"""The secret keys as an operator sees them: where they stand, and what to set to rotate them."""

import pytest
from tests.shop import KEY

from ostiary.kernel.errors import ConfigurationError
from ostiary.kernel.secret import Secret
from ostiary.kernel.settings import Sources
from ostiary.runtime.configured_keys import read_configured_keys, settings_to_rotate
from ostiary.runtime.deployment import KEY_FILE, development_keys, rotate_development_key

OLDER = "Older-9f8Hq3Lm2Xc7Vb5Nn1Zz6Kk4Jj0Test"


def read(config=None, *, folder=None, **environment):
    sources = Sources(
        config={f"OSTIARY_{name}": value for name, value in (config or {}).items()},
        environment={f"OSTIARY_{name}": value for name, value in environment.items()},
    )
    return read_configured_keys(sources, key_folder=folder)


def test_the_newest_is_first_wherever_it_stands():
    found = read({"SECRET_KEY": Secret(KEY)}, SECRET_KEY_FALLBACKS=f"{OLDER}, {OLDER}2")
    assert [key.reveal() for key in found.keys] == [KEY, OLDER, f"{OLDER}2"]
    assert (found.place, found.file) == ("app.config['OSTIARY_SECRET_KEY']", None)
    assert read().keys == ()


def test_a_key_that_is_set_goes_before_the_file_of_a_developer(tmp_path):
    assert (read(folder=tmp_path).keys, (tmp_path / KEY_FILE).exists()) == ((), False)
    first = development_keys(tmp_path)
    assert read(folder=tmp_path).keys == first
    rotate_development_key(tmp_path)
    found = read(folder=tmp_path, SECRET_KEY_FALLBACKS=OLDER)
    assert (found.keys[1:], found.file) == ((*first, Secret(OLDER)), tmp_path / KEY_FILE)
    assert read(folder=tmp_path, SECRET_KEY=KEY).file is None


@pytest.mark.asvs("V13.3.4")
def test_what_is_to_be_set_reads_back_as_a_new_key_before_the_old_ones():
    old = read(SECRET_KEY=KEY, SECRET_KEY_FALLBACKS=OLDER)
    settings = {name.removeprefix("OSTIARY_"): value for name, value in settings_to_rotate(old).items()}
    after = read(**settings)
    assert after.keys[1:] == old.keys
    assert after.keys[0] not in old.keys


@pytest.mark.parametrize("key", ["a,b" * 20, f" {KEY}", f"{KEY}\x1b"])
def test_a_key_that_a_list_of_text_would_change_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError) as caught:
        settings_to_rotate(read({"SECRET_KEY": key}))
    assert key not in str(caught.value)
