"""Refusals of JOSE: a token that is not believed, and a key that is not taken; each with a stable word."""


class InvalidToken(ValueError):
    """A token that is not believed. ``reason`` is a stable word for logs, and never a part of the token."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class KeyRefused(ValueError):
    """A key that is not taken. ``reason`` is a stable word; the text says what to do, and nothing of the key."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)
