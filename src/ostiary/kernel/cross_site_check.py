"""Cross-site check: whether a page of another site had a browser send the present request, for actions that must not be forged.

A verb that takes a proof counts a guess, and does not know what comes of it: a session, for which the adapter asks a
full CSRF check, or a token for a program, which says nothing of where it comes from. This is the part that holds for both.
"""

from typing import Protocol


class CrossSiteCheck(Protocol):
    """Who knows where the present request comes from."""

    def __call__(self) -> None:
        """Raise ``CsrfRefused`` if a page of another site had it sent. Nothing outside of a request: a command, a job."""
        ...


def no_request() -> None:
    """The check of a program that answers no requests."""
