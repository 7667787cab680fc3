"""Events: named for logs, ready for JSON, and without any field that could hold a secret."""

import json
from dataclasses import fields

import pytest

from ostiary.kernel import events
from ostiary.kernel.events import CredentialsRevoked, Event, SignInFailed, SignInSucceeded

EVERY_EVENT = sorted(
    (
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    ),
    key=lambda kind: kind.__name__,
)
AT = 1_700_000_000_000


def test_an_event_has_the_name_of_its_class_in_lower_case_words() -> None:
    assert SignInSucceeded.name() == "sign_in_succeeded"
    assert CredentialsRevoked.name() == "credentials_revoked"
    assert SignInFailed(at=AT, method="password", reason="wrong").name() == "sign_in_failed"


def test_no_two_events_share_a_name() -> None:
    assert len({kind.name() for kind in EVERY_EVENT}) == len(EVERY_EVENT) > 5


def test_facts_are_what_is_particular_to_the_event_and_ready_for_json() -> None:
    event = SignInSucceeded(at=AT, subject="ada", network="192.0.2.1", methods=("password",), device="Firefox")
    assert event.facts() == {"methods": ("password",), "device": "Firefox", "new_device": False}
    written = json.loads(json.dumps(event.facts()))
    assert written == {"methods": ["password"], "device": "Firefox", "new_device": False}


@pytest.mark.asvs("V16.2.5")
@pytest.mark.parametrize("kind", EVERY_EVENT)
def test_no_event_has_a_field_for_a_secret(kind: type[Event]) -> None:
    words = {word for field in fields(kind) for word in field.name.split("_")}
    assert words.isdisjoint({"password", "secret", "token", "hash", "key", "code_value", "cookie"})


@pytest.mark.parametrize("kind", EVERY_EVENT)
def test_an_event_cannot_be_changed_by_whoever_hears_it(kind: type[Event]) -> None:
    event = kind(at=AT, **{field.name: "x" for field in fields(kind) if field.name != "at"})
    for field in fields(kind):
        with pytest.raises(AttributeError):
            setattr(event, field.name, "changed")
