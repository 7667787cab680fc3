"""Private files: whole, at once, for their owner alone, and never through a link."""

import os
import stat

import pytest

from ostiary.storage.private_file import NotPrivate, keep_private_file, read_private_file, write_private_file


def test_what_is_kept_first_is_what_everybody_reads(tmp_path):
    path = tmp_path / "folder" / "key"
    assert keep_private_file(path, "first") == "first"
    assert keep_private_file(path, "second") == "first"
    assert read_private_file(path) == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["key"]


def test_a_new_file_stands_beside_the_old_one_until_it_is_put_in_its_place(tmp_path):
    path = tmp_path / "key"
    keep_private_file(path, "old")
    new = write_private_file(path, "new")
    assert read_private_file(path) == "old"
    new.replace(path)
    assert read_private_file(path) == "new"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_a_file_that_others_can_open_is_refused(tmp_path, mode):
    path = tmp_path / "key"
    keep_private_file(path, "secret")
    path.chmod(mode)
    with pytest.raises(NotPrivate) as caught:
        read_private_file(path)
    assert "secret" not in str(caught.value)


def test_a_link_is_followed_neither_to_read_nor_to_write(tmp_path):
    (tmp_path / "elsewhere").write_text("theirs")
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotPrivate):
        keep_private_file(tmp_path / "key", "ours")
    assert (tmp_path / "elsewhere").read_text() == "theirs"
