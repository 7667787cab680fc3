"""Who is calling right now, for actions that depend on it: found among the resources, answered by the adapter."""

from typing import Protocol

from ostiary.kernel.principal import Principal


class CallerSource(Protocol):
    """Answers who is calling."""

    def __call__(self) -> Principal | None:
        """The caller of the present request; None outside of one: a command, a job, a seed."""
        ...


def no_caller() -> None:
    """The caller of a program that answers no requests."""
    return
