"""Credential readers: how a request says who is calling, one reader for each kind of credential.

A reader looks at a request and finds nothing, somebody, or a credential it rejects. Whether a
rejected credential is an error depends on who carried it: a browser that sends an old cookie did
nothing wrong (*ambient*: the cookie is cleared), a program that sends a bad token wants to know
(*explicit*: 401).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from ostiary.kernel.clock import Millis
from ostiary.kernel.principal import Principal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Presented:
    """A good credential.

    ``csrf_binding`` is what a CSRF token for this credential is bound to; it changes whenever the
    credential does. ``used`` notes that the credential was used, if that is due; it never raises.
    """

    principal: Principal
    csrf_binding: str
    used: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A credential that is not good. ``reason`` is a stable word for logs: never the credential itself."""

    reason: str
    subject: str | None = None


Reading: TypeAlias = Presented | Rejected | None


class CredentialReader(Protocol):
    """Finds one kind of credential in a request."""

    kind: ClassVar[str]
    """The kind of credential: ``"session"``."""

    ambient: ClassVar[bool]
    """Whether the browser attaches it by itself, so that CSRF must be thought of."""

    @property
    def cookies(self) -> tuple[str, ...]:
        """The names of the cookies to clear when it is rejected; empty for explicit credentials."""
        ...

    @property
    def challenge(self) -> str:
        """The ``WWW-Authenticate`` challenge (RFC 9110 §11.6.1) that asks for this kind."""
        ...

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """What the request presents."""
        ...
