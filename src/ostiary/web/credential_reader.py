"""Credential readers: how a request says who is calling, one reader for each kind of credential.

A reader looks at a request and finds nothing, somebody, a credential that is to be exchanged for
another, or one it rejects. Whether a rejected credential is an error depends on who carried it: a browser that sends an old cookie did
nothing wrong (*ambient*: the cookie is cleared), a program that sends a bad token wants to know
(*explicit*: 401).
"""

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.principal import Principal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Presented:
    """A good credential.

    ``csrf_binding`` is what a CSRF token for this credential is bound to; it changes whenever the
    credential does. ``used`` notes that the credential was used, if that is due; it never raises. ``of_member``: it
    is bound to a place that its owner belonged to when it was made, and good for as long as she does.
    """

    principal: Principal
    csrf_binding: str
    used: Callable[[], object] | None = None
    of_member: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A credential that is not good. ``reason`` is a stable word for logs: never the credential itself.

    ``code`` is what a program is told where it can do something about it (``"token_expired"``), and ``challenge``
    what ``WWW-Authenticate`` says then. ``csrf_binding`` is given by a cookie that may be renewed: it stays where it is, and
    a CSRF token of this browser's pages is bound to it.
    """

    reason: str
    subject: str | None = None
    code: str | None = field(default=None, kw_only=True)
    challenge: str | None = field(default=None, kw_only=True)
    csrf_binding: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Exchangeable:
    """A good credential that lets nobody in by itself: it is exchanged for another one first, once CSRF was checked.

    Until then the request is nobody's. ``csrf_binding`` is what a CSRF token of this browser's pages is bound to.
    """

    csrf_binding: str


Reading: TypeAlias = Presented | Exchangeable | Rejected | None


class CredentialReader(Protocol):
    """Finds one kind of credential in a request."""

    kind: ClassVar[str]
    """The kind of credential: ``"session"``."""

    ambient: ClassVar[bool]
    """Whether the browser attaches it by itself, so that CSRF must be thought of."""

    @property
    def header(self) -> str:
        """The field of a request that it reads, and so what answers depend on: ``Cookie``, ``Authorization``."""
        ...

    @property
    def cookies(self) -> tuple[str, ...]:
        """The names of the cookies to clear when it is rejected; empty for explicit credentials."""
        ...

    @property
    def challenge(self) -> str:
        """The ``WWW-Authenticate`` challenge (RFC 9110 §11.6.1) that asks for this kind; empty if nobody is asked for it."""
        ...

    def read(self, environ: "WSGIEnvironment", now: Millis) -> Reading:
        """What the request presents."""
        ...
