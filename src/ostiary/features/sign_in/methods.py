"""Sign-in methods: what our own sign-in page can offer, each brought by the feature that proves it."""

from collections.abc import Callable
from dataclasses import field
from typing import Protocol

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.factor import Evidence
from ostiary.web.form import FormField
from ostiary.web.route import Call


class SignInMethod(Protocol):
    """A method that is a form: what it asks for, and the proof of what was sent."""

    @property
    def kind(self) -> str:
        """The kind of proof: ``"password"``."""
        ...

    @property
    def fields(self) -> tuple[FormField, ...]:
        """What it asks for."""
        ...

    def prove(self, call: Call) -> Evidence:
        """Evidence from what the request holds. Raises ``SignInRefused`` and its like."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A link of the sign-in page that leads elsewhere: to register, to another method; ``endpoint`` is one of ours."""

    endpoint: str
    label: str


@dataclass(slots=True)
class SignInMethods:
    """The methods of one application, in the order of its features. Filled while it starts.

    ``is_remembered`` says whether a call comes from a browser that its caller is remembered on; None where no browser is.
    """

    forms: list[SignInMethod] = field(default_factory=list[SignInMethod])
    ways: list[Way] = field(default_factory=list[Way])
    is_remembered: Callable[[Call], bool] | None = None

    def find(self, kind: str) -> SignInMethod | None:
        """The method that proves this kind, or None."""
        return next((method for method in self.forms if method.kind == kind), None)
