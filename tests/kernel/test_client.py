"""The client of a request: a value, and an empty one outside of any request."""

from typing import Any

import pytest

from ostiary.kernel.client import NO_CLIENT, Client, ClientSource


def test_outside_a_request_there_is_nothing_to_count_against() -> None:
    assert (NO_CLIENT.network, NO_CLIENT.device, NO_CLIENT.known_device) == (None, None, None)
    assert Client() == NO_CLIENT


def test_a_client_is_made_by_name_and_cannot_be_changed() -> None:
    everything: Any = Client
    with pytest.raises(TypeError):
        everything("192.0.2.1")
    with pytest.raises(AttributeError):
        Client(network="192.0.2.1").network = None  # type: ignore[misc]


def test_a_plain_function_can_be_the_source() -> None:
    def source() -> Client:
        return Client(network="192.0.2.1")

    known: ClientSource = source
    assert known().network == "192.0.2.1"
