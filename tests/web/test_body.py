"""Request bodies: kinds, sizes and types, each refusal with its status and the name of the field."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from ostiary.kernel.errors import AuthError, MalformedRequest
from ostiary.web.body import Fields, UnsupportedMediaType, read_fields, read_form, read_query
from ostiary.web.strict_json import BodyTooLarge

FORM = "application/x-www-form-urlencoded"


def request(body: bytes | str, content_type: str | None = "application/json", query: str = "") -> Request:
    builder = EnvironBuilder(method="POST", data=body, content_type=content_type, query_string=query)
    return Request(builder.get_environ())


def from_json(value: object) -> Fields:
    return read_fields(request(json.dumps(value)))


def from_form(form: str) -> Fields:
    return read_fields(request(form, FORM))


def multipart(parts: int, value: str = "x") -> Request:
    part = f'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n{value}\r\n'
    return request("".join([part % n for n in range(parts)]) + "--b--\r\n", "multipart/form-data; boundary=b")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=UTF-8", "application/scim+json"])
def test_json_is_read_where_it_says_it_is_json(kind: str) -> None:
    assert read_fields(request('{"name": "ada"}', kind)).text("name") == "ada"


def test_both_kinds_of_form_are_read() -> None:
    assert from_form("name=ada+l&remember=on").text("name") == "ada l"
    assert read_fields(multipart(3)).text("f2") == "x"


@pytest.mark.attack("G9")
@pytest.mark.asvs("V3.5.2")
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/json", "application/octet-stream", "application/xml", "json", None, "", "text/html+json"]
    + ["application/json, text/plain", "application/json; charset=utf-16", "image/x+json"],
)
def test_json_under_another_name_is_415(kind: str | None) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        read_fields(request('{"name": "ada"}', kind))
    assert (caught.value.status, caught.value.code) == (415, "unsupported_media_type")
    assert "application/json" in caught.value.headers["Accept"]


@pytest.mark.attack("G9")
def test_json_sent_as_a_form_gives_no_field_of_that_name() -> None:
    fields = from_form('{"name": "ada"}')
    assert fields.optional_text("name") is None


def test_no_body_has_no_fields() -> None:
    assert list(read_fields(request(b"", None))) == []
    assert list(read_fields(request(b"", "application/json"))) == []


@pytest.mark.attack("J13")
@pytest.mark.asvs("V15.3.5")
@pytest.mark.parametrize("value", [{}, [], ["a"], {"a": "b"}, 1, 0, 1.5, True, False, None])
def test_something_else_than_text_is_400_and_names_the_field(value: object) -> None:
    fields = from_json({"password": value})
    for read in (fields.text, fields.optional_text):
        with pytest.raises(MalformedRequest) as caught:
            read("password")
        assert caught.value.status == 400
        assert caught.value.members == {"field": "password", "reason": "not_text"}
        assert "password" in caught.value.public_message


@pytest.mark.attack("T10")
@pytest.mark.asvs("V15.3.7")
def test_a_doubled_parameter_is_400_and_names_the_field() -> None:
    for fields in (from_form("a=1&a=2"), from_form("a=1&a=1"), read_query(request("", query="a=1&a=2"))):
        with pytest.raises(MalformedRequest) as caught:
            fields.text("a")
        assert caught.value.members == {"field": "a", "reason": "doubled"}
        with pytest.raises(MalformedRequest):
            fields.boolean("a")
        with pytest.raises(MalformedRequest):
            fields.refuse_doubled()
    with pytest.raises(MalformedRequest, match="twice"):
        read_fields(request('{"a": "1", "a": "2"}'))


@pytest.mark.attack("T10")
@pytest.mark.asvs("V15.3.7")
def test_a_parameter_in_body_and_query_is_refused_where_that_is_asked() -> None:
    for body, kind in (("a=1", FORM), ('{"a": "1"}', "application/json")):
        assert read_fields(request(body, kind, "a=2")).text("a") == "1"
        twins = read_fields(request(body, kind, "a=2"), refuse_twins=True)
        with pytest.raises(MalformedRequest):
            twins.text("a")
        with pytest.raises(MalformedRequest):
            twins.refuse_doubled()


@pytest.mark.attack("T10")
def test_brackets_behind_a_name_make_another_name() -> None:
    fields = from_form("a[]=1&a[]=2")
    assert fields.optional_text("a") is None


def test_what_may_be_repeated_is_read_as_a_list() -> None:
    assert from_form("scope=a&scope=b").texts("scope") == ("a", "b")
    assert from_json({"scope": ["a", "b"]}).texts("scope") == ("a", "b")
    assert from_json({}).texts("scope") == ()
    from_form("resource=a&resource=b&x=1").refuse_doubled(repeatable=frozenset({"resource"}))
    for wrong in ("a", [1], [["a"]], {"a": 1}, None, ["a"] * 33):
        with pytest.raises(MalformedRequest):
            from_json({"scope": wrong}).texts("scope")


def test_a_missing_or_empty_field_is_named_where_it_is_due() -> None:
    for fields in (from_json({}), from_json({"name": ""}), from_form(""), from_form("name=")):
        with pytest.raises(MalformedRequest) as caught:
            fields.text("name")
        assert caught.value.members == {"field": "name", "reason": "missing"}
        assert fields.text("name", required=False) == ""
        assert fields.optional_text("name") is None


def test_a_text_that_is_too_long_or_has_a_nul_is_refused() -> None:
    for value, reason in (("a" * 4_097, "too_long"), ("a\x00b", "nul")):
        with pytest.raises(MalformedRequest) as caught:
            from_json({"name": value}).text("name")
        assert caught.value.members == {"field": "name", "reason": reason}
    assert len(from_json({"name": "a" * 4_096}).text("name")) == 4_096


@pytest.mark.asvs("V15.3.5")
def test_yes_and_no_are_read_strictly() -> None:
    assert from_json({"a": True}).boolean("a") is True
    assert from_json({"a": False}).boolean("a", default=True) is False
    assert from_json({}).boolean("a") is False
    assert from_json({}).boolean("a", default=True) is True
    assert from_form("a=on").boolean("a") is True
    assert from_form("a=0").boolean("a", default=True) is False
    for fields in (from_json({"a": 1}), from_json({"a": "on"}), from_json({"a": None}), from_form("a=maybe")):
        with pytest.raises(MalformedRequest) as caught:
            fields.boolean("a")
        assert caught.value.members["reason"] == "not_boolean"


@pytest.mark.parametrize("length", [65_537, 10**9])
@pytest.mark.parametrize("kind", ["application/json", FORM, "multipart/form-data; boundary=b", "text/plain"])
def test_a_body_that_says_it_is_too_large_is_413_before_it_is_read(kind: str, length: int) -> None:
    class Untouchable(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError(size)

    environ = EnvironBuilder(method="POST", content_type=kind).get_environ()
    environ |= {"CONTENT_LENGTH": str(length), "wsgi.input": Untouchable()}
    with pytest.raises(BodyTooLarge) as caught:
        read_fields(Request(environ))
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")


@pytest.mark.parametrize("kind", ["application/json", FORM, "multipart/form-data; boundary=b"])
def test_a_body_without_a_stated_length_is_413_once_it_is_too_large(kind: str) -> None:
    environ = EnvironBuilder(method="POST", content_type=kind).get_environ()
    environ.pop("CONTENT_LENGTH", None)
    environ |= {"wsgi.input": io.BytesIO(b"--b\r\n" + b"a" * 200_000), "wsgi.input_terminated": True}
    with pytest.raises(BodyTooLarge):
        read_fields(Request(environ))


@pytest.mark.attack("U5")
@pytest.mark.parametrize("parts", [65, 100_000])
def test_a_form_of_very_many_parts_is_413(parts: int) -> None:
    with pytest.raises(BodyTooLarge) as caught:
        read_fields(multipart(parts), max_bytes=20_000_000)
    assert caught.value.status == 413
    with pytest.raises(BodyTooLarge):
        read_fields(multipart(parts, "x" * 1_000))


def test_a_request_that_ends_early_is_400() -> None:
    environ = EnvironBuilder(method="POST", content_type="application/json").get_environ()
    environ |= {"CONTENT_LENGTH": "100", "wsgi.input": io.BytesIO(b"{")}
    with pytest.raises(MalformedRequest):
        read_fields(Request(environ))


def test_a_view_finds_the_form_again_and_the_application_keeps_its_own_bounds() -> None:
    asked = request("name=ada", FORM)
    asked.max_content_length = 1_000
    assert read_form(asked)["name"] == "ada"
    assert asked.form["name"] == "ada"
    assert (asked.max_content_length, asked.max_form_parts) == (1_000, 1_000)
    asked = request('{"name": "ada"}')
    assert read_fields(asked).text("name") == "ada"
    assert asked.get_json() == {"name": "ada"}


def test_a_lower_bound_of_the_application_holds() -> None:
    asked = request("name=" + "a" * 2_000, FORM)
    asked.max_content_length = 1_000
    with pytest.raises(BodyTooLarge):
        read_fields(asked)


def test_the_values_are_never_shown() -> None:
    assert repr(from_json({"password": "hunter2"})) == "Fields(password)"


@pytest.mark.attack("T13")
def test_a_name_that_the_caller_chose_is_cut_and_made_printable() -> None:
    with pytest.raises(MalformedRequest) as caught:
        from_form(f"{'a%0A' * 100}=1&{'a%0A' * 100}=2").refuse_doubled()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


_KINDS = st.one_of(
    st.sampled_from(["application/json", FORM, "multipart/form-data; boundary=b", "multipart/form-data", "text/plain"]),
    st.text(alphabet="aplictonx/-w;=form urldem+js \xff\"'*%", max_size=60),
)
_PART = b'--b\r\nContent-Disposition: form-data; name="a"'


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda tail: _PART + tail)), _KINDS)
def test_no_body_makes_it_raise_anything_else(body: bytes, kind: str) -> None:
    environ: dict[str, Any] = EnvironBuilder(method="POST", data=body).get_environ()
    environ["CONTENT_TYPE"] = kind
    try:
        fields = read_fields(Request(environ))
        for name in fields:
            fields.optional_text(name)
    except AuthError as error:
        assert error.status in (400, 413, 415)  # noqa: PT017 - fields are right as well


@pytest.mark.attack("U14")
def test_a_body_that_the_server_cannot_read_is_a_bad_request():
    class InvalidChunkSize(Exception):
        """What a server raises while it reads a chunked body; each has a class of its own."""

    class Stream:
        def read(self, *_):
            raise InvalidChunkSize

        readinto = readline = read

    environ = EnvironBuilder(method="POST", content_type="application/json").get_environ()
    environ |= {"wsgi.input": Stream(), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    with pytest.raises(MalformedRequest):
        read_fields(Request(environ))
