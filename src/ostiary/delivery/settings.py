"""Where mail goes and from whom: ``OSTIARY_MAIL_URL``, ``MAIL_FROM``, ``MAIL_CA``, ``MAIL_WORKER``.

``smtp://host``              plain, for a relay on this machine or in this private network
``smtps://user:pass@host``   TLS from the first byte (port 465)
``smtp+starttls://…``        TLS by STARTTLS (port 587), or nothing is sent
``console:``, ``memory:``    to the terminal in development, into a list in tests
"""

import re
import ssl
from typing import Final, Literal
from urllib.parse import unquote

from ostiary.delivery.address import Sender
from ostiary.delivery.transport import Transport
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.secret import Secret

Security = Literal["plain", "tls", "starttls"]
WorkerMode = Literal["thread", "none"]

_SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    # RFC 5321 §4.5.4.2, RFC 8314 §7.3, RFC 6409 §3.1.
    "smtp": ("plain", 25),
    "smtps": ("tls", 465),
    "smtp+starttls": ("starttls", 587),
}
# A host has no @, so the last one ends the credentials, and names such as postmaster@mg.shop.example need no escaping.
_URL: Final = re.compile(
    r"(?P<scheme>smtp|smtps|smtp\+starttls)://(?:(?P<user>[^:/]+):(?P<password>.+)@)?"
    r"(?P<host>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)
_LOOPBACK: Final = re.compile(r"localhost|127\.[0-9.]+|\[::1\]", re.ASCII)


class NotAMailUrl(ValueError):
    """The text is no mail URL. ``str()`` says what to write instead, and never shows the URL: it may hold a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server: where it is, how it is spoken to, and as whom."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: Secret | None = None


MailUrl = SmtpServer | Literal["console", "memory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves this process. ``ca`` is a PEM text of the authorities to trust instead of the system's."""

    url: MailUrl
    sender: Sender
    host: str
    ca: str | None = None
    worker: WorkerMode = "thread"


def parse_mail_url(text: str) -> MailUrl:
    """The way out that the URL names. Raises ``NotAMailUrl``."""
    if text in ("console:", "memory:"):
        return "console" if text == "console:" else "memory"
    match = _URL.fullmatch(text.strip())
    if match is None:
        message = "write smtp+starttls://user:password@mail.shop.example:587, smtps://…, smtp://…, console: or memory:"
        raise NotAMailUrl(message)
    security, default_port = _SCHEMES[match["scheme"].lower()]
    host, port = match["host"].lower(), int(match["port"] or default_port)
    if not 0 < port < 65_536:
        message = "its port must be between 1 and 65535"
        raise NotAMailUrl(message)
    # Whoever listens would have the password, and with it our name.
    if match["password"] and security == "plain" and _LOOPBACK.fullmatch(host) is None:
        message = "a password needs TLS: write smtp+starttls:// (port 587) or smtps:// (port 465)"
        raise NotAMailUrl(message)
    return SmtpServer(
        host=host.strip("[]"),
        port=port,
        security=security,
        user=unquote(match["user"]) if match["user"] else None,
        password=Secret(unquote(match["password"])) if match["password"] else None,
    )


def tls_context(ca: str | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name. Raises ``ValueError`` for a ``ca`` that is no certificate."""
    try:
        return ssl.create_default_context(cadata=ca) if ca else ssl.create_default_context()
    except (ssl.SSLError, TypeError, ValueError) as error:  # no certificate in it, or no ASCII
        message = "it must be one or more certificates in PEM"
        raise ValueError(message) from error


def open_transport(settings: MailSettings) -> Transport:
    """The transport of these settings. Connects to nothing."""
    if settings.url == "console":
        from ostiary.delivery.console import ConsoleTransport  # each only where it is used

        return ConsoleTransport()
    if settings.url == "memory":
        from ostiary.delivery.memory import MemoryMailbox

        return MemoryMailbox()
    from ostiary.delivery.smtp import SmtpTransport

    return SmtpTransport(settings.url, tls=tls_context(settings.ca), own_name=settings.host)
