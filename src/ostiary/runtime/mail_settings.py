"""Reading ``OSTIARY_MAIL_…``: needed only where a feature sends mail, and then everything that is wrong is told at once.

Development prints mail on the terminal, tests keep it in memory; production says where it goes, or does
not start: a reset link that is silently lost, or left in a log, is worse.
"""

from typing import Final, Protocol, cast

from ostiary.delivery.address import NotAnAddress, Sender, parse_sender
from ostiary.delivery.settings import (
    MailSettings,
    MailUrl,
    NotAMailUrl,
    SmtpServer,
    WorkerMode,
    parse_mail_url,
    tls_context,
)
from ostiary.kernel.secret import Secret

_URL_CURE: Final = (
    "set it to your mail server, such as OSTIARY_MAIL_URL=smtp+starttls://user:password@mail.shop.example"
)


class _Reader(Protocol):
    """What reads a setting and collects problems."""

    def read(self, name: str, hint: object) -> object | None: ...
    def add(self, code: str, what: str, cure: str) -> None: ...


def read_mail_settings(reader: _Reader, *, development: bool, testing: bool, host: str | None) -> MailSettings:
    """How mail leaves. ``host`` is that of the public URL."""
    url = _read_url(reader, development=development, testing=testing)
    sender = _read_sender(reader, needed=isinstance(url, SmtpServer))
    own = host or (sender.domain if sender is not None else "localhost")
    return MailSettings(
        url=url,
        sender=sender or Sender(address=f"no-reply@{own if own[0] != '[' else 'localhost'}"),
        host=own,
        ca=_read_ca(reader),
        worker=cast("WorkerMode", reader.read("MAIL_WORKER", WorkerMode) or "thread"),
    )


def _read_url(reader: _Reader, *, development: bool, testing: bool) -> MailUrl:
    text = cast("Secret | None", reader.read("MAIL_URL", Secret))
    if text is None:
        if not development:
            reader.add("no_mail_url", "OSTIARY_MAIL_URL is not set, and this application sends mail", _URL_CURE)
        return "memory" if testing else "console"
    try:
        url = parse_mail_url(text.reveal())
    except NotAMailUrl as error:
        reader.add("not_a_mail_url", "OSTIARY_MAIL_URL is not the URL of a mail server", str(error))
        return "console"
    if not isinstance(url, SmtpServer) and not development:
        # The link in a mail signs in. On a console it would stand in the log of the server (ASVS 5.0 V16.2.5).
        reader.add("mail_leaves_nowhere", f"OSTIARY_MAIL_URL is {url}:, which is for development and tests", _URL_CURE)
    return url


def _read_sender(reader: _Reader, *, needed: bool) -> Sender | None:
    cure = "set it to an address of yours, such as OSTIARY_MAIL_FROM='The Shop <no-reply@shop.example>'"
    text = cast("str | None", reader.read("MAIL_FROM", str))
    if text is None:
        if needed:
            reader.add("no_mail_from", "OSTIARY_MAIL_FROM is not set, and mail has to come from somebody", cure)
        return None
    try:
        return parse_sender(text)
    except NotAnAddress as error:
        reader.add("not_an_address", f"OSTIARY_MAIL_FROM is no address: {error}", cure)
        return None


def _read_ca(reader: _Reader) -> str | None:
    text = cast("str | None", reader.read("MAIL_CA", str))
    if text is None:
        return None
    try:
        tls_context(text)
    except ValueError as error:
        cure = "let OSTIARY_MAIL_CA_FILE name a PEM file with the certificates of your authority"
        reader.add("unreadable_mail_ca", f"OSTIARY_MAIL_CA cannot be read: {error}", cure)
        return None
    return text
