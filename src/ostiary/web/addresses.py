"""Addresses of our own pages: the path of an endpoint, and the absolute URL that a mail may carry."""

from typing import Protocol


class Addresses(Protocol):
    """Who knows where our pages are; found by this type among the resources.

    An absolute URL begins with the configured public URL, never with the ``Host`` of a request.
    """

    def path(self, endpoint: str, **query: str) -> str:
        """The path of an endpoint of ours, such as ``"sign_in"``, with a query."""
        ...

    def absolute(self, endpoint: str, **query: str) -> str:
        """The whole URL, for a mail."""
        ...

    def has(self, endpoint: str) -> bool:
        """Whether this application has such a page."""
        ...
