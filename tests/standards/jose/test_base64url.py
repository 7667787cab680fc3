"""base64url: one text for each value, and nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.standards.jose.base64url import NotBase64url, decode_base64url, encode_base64url


@given(st.binary(max_size=200))
def test_what_is_written_is_read_back(raw):
    assert decode_base64url(encode_base64url(raw)) == raw


@given(st.text(max_size=40))
def test_a_text_is_the_one_text_of_its_bytes_or_is_refused(text):
    try:
        raw = decode_base64url(text)
    except NotBase64url:
        return
    assert encode_base64url(raw) == text


@pytest.mark.attack("C3")
@pytest.mark.parametrize(
    "text", ["YQ==", "YQ=", "Y Q", "YQ\n", "Y+8", "Y/8", "YQ?", "\u212aQ", "YQ\x00", "YQ.", "A", "AAAAA"]
)
def test_padding_strange_characters_and_impossible_lengths_are_refused(text):
    with pytest.raises(NotBase64url):
        decode_base64url(text)


@pytest.mark.attack("C3")
def test_bits_that_mean_nothing_have_to_be_zero():
    assert decode_base64url("YQ") == b"a"
    with pytest.raises(NotBase64url):
        decode_base64url("YR")
