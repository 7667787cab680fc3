"""The SMTP transport (RFC 5321): one connection for a batch, TLS that is verified or nothing, and short patience.

What the server says never reaches a log: a reply may repeat the address. Its code does.
"""

import re
import smtplib
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Final

from ostiary.delivery.settings import SmtpServer
from ostiary.delivery.transport import Deferred, NotSent, Refused, Unreachable

# Seconds for each step. RFC 5321 §4.5.3.2 would have us wait minutes, as a relay between strangers may;
# this is one's own server, and whoever waits for the mail is a person.
TIMEOUT: Final = 10.0
# RFC 5321 §4.1.1.1: a name in dots, or an address in brackets. Anything else some servers refuse.
_NAME: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)
# RFC 3463 §2: the enhanced status code at the beginning of a reply.
_STATUS: Final = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}")


class SmtpTransport:
    """Sends by a mail server."""

    immediate = False

    def __init__(self, server: SmtpServer, *, tls: ssl.SSLContext, own_name: str, timeout: float = TIMEOUT) -> None:
        self._server = server
        self._tls = tls
        # Said in EHLO. Not left to smtplib, which asks the DNS for it and may wait for long.
        self._own_name = own_name if _NAME.fullmatch(own_name) else "localhost"
        self._timeout = timeout

    @contextmanager
    def open(self) -> "Generator[SmtpChannel]":
        """A channel that connects with the first mail, and again where the server hung up."""
        channel = SmtpChannel(self)
        try:
            yield channel
        finally:
            channel.close()

    def connect(self) -> smtplib.SMTP:
        """A connection that may send. Raises ``Unreachable``."""
        try:
            return self._connect()
        except smtplib.SMTPAuthenticationError as error:
            raise Unreachable(f"sign-in to the mail server: {_code(error.smtp_code, error.smtp_error)}") from None
        except smtplib.SMTPResponseException as error:
            raise Unreachable(_code(error.smtp_code, error.smtp_error)) from None
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"certificate of the mail server: {error.verify_message}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(_kind(error)) from None

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        place = (server.host, server.port)
        client: smtplib.SMTP
        if server.security == "tls":
            client = smtplib.SMTP_SSL(*place, self._own_name, timeout=self._timeout, context=self._tls)
        else:
            client = smtplib.SMTP(*place, self._own_name, timeout=self._timeout)
        try:
            if server.security == "starttls":
                # RFC 3207 §6: a server, or somebody in between, that offers no STARTTLS gets nothing: this raises.
                client.starttls(context=self._tls)
            if server.user is not None and server.password is not None:
                client.login(server.user, server.password.reveal())
        except BaseException:
            client.close()
            raise
        return client


class SmtpChannel:
    """One connection, for as long as it lasts."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._client: smtplib.SMTP | None = None

    def send(self, email: EmailMessage, *, to: str) -> None:
        """Send one mail. Raises ``Refused``, ``Deferred`` or ``Unreachable``."""
        client = self._client
        # smtplib closes the socket when the server hangs up, or says 421.
        if client is None or client.sock is None:
            client = self._client = self._transport.connect()
        try:
            client.send_message(email, email["From"].addresses[0].addr_spec, [to])
        except (OSError, smtplib.SMTPException) as error:
            raise self._not_sent(error) from None

    def _not_sent(self, error: Exception) -> NotSent:
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            (code, reply), *_ = error.recipients.values()
            return (Refused if code >= 500 else Deferred)(_code(code, reply))
        if isinstance(error, smtplib.SMTPSenderRefused):
            # MAIL_FROM is what they do not like. That can be mended, and the mail then leaves.
            return Deferred(f"sender: {_code(error.smtp_code, error.smtp_error)}")
        if isinstance(error, smtplib.SMTPDataError):
            return (Refused if error.smtp_code >= 500 else Deferred)(_code(error.smtp_code, error.smtp_error))
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return Refused("the mail server takes no address beyond ASCII (RFC 6531)")
        # In the middle of something. The connection is of no further use.
        self.close()
        return Deferred(_kind(error))

    def close(self) -> None:
        """Say goodbye, if anybody still listens."""
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(OSError, smtplib.SMTPException):
            if client.sock is not None:
                client.quit()
        client.close()


def _code(code: int, reply: bytes | str) -> str:
    """A reply as logs may show it: ``550 5.1.1``."""
    text = reply if isinstance(reply, bytes) else reply.encode()
    status = _STATUS.match(text)
    return f"{code} {status[0].decode()}" if status else str(code)


def _kind(error: Exception) -> str:
    """What happened, in the words of its class: the text of an error may hold what the server said."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server does not offer what is required (STARTTLS or AUTH)"
    return type(error).__name__
