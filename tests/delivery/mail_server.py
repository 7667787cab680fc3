"""A real mail server of the tests' own on a port the kernel chooses, that fails as it is told to."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext

from aiosmtpd.smtp import SMTP, AuthResult

Answer = Callable[[str, int], str | None]
"""(address, how many attempts there were for it, this one included) → a reply such as "451 later", or None for yes."""


class MailServer:
    """What arrived, what was said, and how many came."""

    def __init__(self, *, at_rcpt: Answer | None = None, at_data: Answer | None = None, at_mail: str | None = None):
        self.at_rcpt = at_rcpt
        self.at_data = at_data
        self.at_mail = at_mail
        self.arrived: list[tuple[str, EmailMessage]] = []
        self.attempts: dict[str, int] = {}
        self.connections = 0
        self.encrypted: list[bool] = []
        self.signed_in_as: list[str] = []
        self.port = 0

    def to(self, address: str) -> list[EmailMessage]:
        return [email for to, email in self.arrived if to == address]

    # aiosmtpd's hooks

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.at_mail is not None:
            return self.at_mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.attempts[address] = self.attempts.get(address, 0) + 1
        refusal = self.at_rcpt(address, self.attempts[address]) if self.at_rcpt else None
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        (address,) = envelope.rcpt_tos
        refusal = self.at_data(address, self.attempts[address]) if self.at_data else None
        if refusal is None:
            self.arrived.append((address, message_from_bytes(envelope.content, policy=default)))
            self.encrypted.append(session.ssl is not None)
        return refusal or "250 OK"

    def sign_in(self, server, session, envelope, mechanism, data):
        name, password = data.login.decode(), data.password.decode()
        self.signed_in_as.append(name)
        return AuthResult(success=password == "hunter2-and-more", handled=False)


@contextmanager
def serving(server: MailServer, *, implicit_tls: SSLContext | None = None, **options) -> Iterator[MailServer]:
    """Serve on 127.0.0.1 while the block runs; ``options`` are those of aiosmtpd's SMTP."""
    loop = asyncio.new_event_loop()

    def connected():
        server.connections += 1
        return SMTP(server, loop=loop, hostname="mail.test", enable_SMTPUTF8=True, **options)

    listening = loop.run_until_complete(loop.create_server(connected, "127.0.0.1", 0, ssl=implicit_tls))
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(listening):
    listening.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
