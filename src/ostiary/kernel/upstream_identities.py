"""Upstream identities: which subject of ours somebody is whom another system names (issuer, subject)."""

from typing import Protocol


class Linked(Protocol):
    """A subject of ours, with its id."""

    @property
    def id(self) -> str:
        """What stands in ``Principal.subject``."""
        ...


class UpstreamIdentities(Protocol):
    """Who keeps the links; found by this type among the resources."""

    def of_upstream(self, issuer: str, subject: str) -> Linked | None:
        """The subject of ours that an identity stands for: issuer and subject together, byte for byte; or None."""
        ...
