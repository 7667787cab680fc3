"""Strict JSON: what is refused, with which sentence, and that nothing else is ever raised."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.kernel.errors import MalformedRequest
from ostiary.web.strict_json import BodyTooLarge, parse_json, parse_json_object


def refusal(body: bytes) -> str:
    with pytest.raises(MalformedRequest) as caught:
        parse_json(body)
    assert caught.value.status == 400
    return caught.value.public_message


@pytest.mark.attack("C17")
@pytest.mark.attack("U6")
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_a_document_nested_without_end_is_refused_before_it_is_built(opening: bytes) -> None:
    with pytest.raises(MalformedRequest) as caught:
        parse_json(opening * 100_000, max_bytes=1_000_000)
    assert caught.value.status == 400
    assert "nested" in caught.value.public_message


def test_the_depth_is_counted_outside_of_texts_only() -> None:
    assert parse_json(b"[" * 32 + b"]" * 32)
    assert "33" not in refusal(b"[" * 33 + b"]" * 33)
    assert parse_json(json.dumps(["[" * 100, '"[{\\"' * 50]).encode())
    assert parse_json(b'["' + b'\\"[' * 1_000 + b'"]')
    assert len(parse_json_object(json.dumps({str(n): [] for n in range(100)}).encode())) == 100


@pytest.mark.attack("U7")
@pytest.mark.parametrize("digits", [41, 5_000])
def test_an_integer_of_very_many_digits_is_refused(digits: int) -> None:
    assert "digits" in refusal(b'{"n": ' + b"9" * digits + b"}")
    assert "digits" in refusal(b'{"n": -' + b"9" * digits + b"}")


def test_an_integer_of_forty_digits_is_read() -> None:
    assert parse_json(b"-" + b"9" * 40) == -int("9" * 40)


@pytest.mark.asvs("V1.5.3")
@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": 1, "\\u0061": 2}', "twice"),
        (b'[{"b": {"a": 1, "a": 1}}]', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "NaN"),
        (b"-Infinity", "NaN"),
        (b"1e999", "number"),
        (b"0." + b"1" * 200, "number"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-be"), "UTF-16"),
        ("{}".encode("utf-32-le"), "UTF-16"),
        (b'"\xff"', "UTF-8"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'["\\udc00\\ud800"]', "surrogate"),
        (b"{} {}", "followed"),
        (b"{}x", "followed"),
        (b"01", "followed"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b"// x", "not JSON"),
        (b"nul", "not JSON"),
        (b"[", "not JSON"),
    ],
)
def test_what_readers_disagree_on_is_refused_with_its_own_sentence(body: bytes, word: str) -> None:
    assert word in refusal(body)


def test_real_characters_are_read_in_either_spelling() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"
    assert parse_json('"\U0001f600"'.encode()) == "\U0001f600"
    assert parse_json(b'"\\\\ud800"') == "\\ud800"


def test_a_document_above_the_bound_is_413() -> None:
    with pytest.raises(BodyTooLarge) as caught:
        parse_json(b'"' + b"a" * 65_536 + b'"')
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")


@pytest.mark.attack("J13")
@pytest.mark.parametrize("body", [b"[]", b'"a"', b"1", b"true", b"null"])
def test_a_document_that_is_no_object_is_refused_where_one_is_due(body: bytes) -> None:
    with pytest.raises(MalformedRequest, match="object"):
        parse_json_object(body)


@settings(deadline=None)
@given(st.one_of(st.binary(), st.text(alphabet='[]{}",:\\u d8abtrue-0123456789.eE').map(str.encode)))
def test_no_bytes_make_it_raise_anything_else(body: bytes) -> None:
    try:
        value = parse_json(body)
    except MalformedRequest as error:
        assert error.public_message  # noqa: PT017 - either outcome is right, and each has its own property
    else:
        assert parse_json(json.dumps(value).encode()) == value


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**39), 10**39)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(_VALUES, st.booleans())
def test_what_json_can_say_is_read_as_it_was_written(value: object, ascii_only: bool) -> None:  # noqa: FBT001
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value
