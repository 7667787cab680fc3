"""Sending mail: rendered, sealed and put into the outbox in the action's own transaction; it leaves after the commit.

A server that cannot be reached fails no request: the mail waits, and is tried again until it expires.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from ostiary.delivery.address import parse_address
from ostiary.delivery.memory import MemoryMailbox
from ostiary.delivery.message import identifying_headers
from ostiary.delivery.render import MailRenderer
from ostiary.delivery.settings import MailSettings, open_transport
from ostiary.kernel.clock import DAY, Clock, Millis
from ostiary.kernel.event_bus import EventBus
from ostiary.kernel.identifiers import new_id
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.mail import Mail, Mailer
from ostiary.kernel.resources import Resources
from ostiary.runtime.mail_delivery import PURPOSE, MailDelivery, bound_to
from ostiary.runtime.mail_worker import MailWorker
from ostiary.storage import outbox
from ostiary.storage.database import Database, Transaction

if TYPE_CHECKING:
    from jinja2 import BaseLoader

LIFETIME: Final[Millis] = DAY
"""How long a mail is worth sending, unless it says so itself: the link in yesterday's mail opens nothing."""


class OutboxMailer:
    """The ``Mailer`` of an application. ``announce`` is told, after the commit, that there is mail."""

    def __init__(
        self,
        renderer: MailRenderer,
        settings: MailSettings,
        *,
        key_ring: KeyRing,
        clock: Clock,
        announce: Callable[[], object],
    ) -> None:
        self._renderer = renderer
        self._settings = settings
        self._key_ring = key_ring
        self._clock = clock
        self._announce = announce

    def send(self, mail: Mail, tx: Transaction) -> None:
        """Put a mail into the outbox, in the transaction ``tx``. It leaves after the commit.

        Raises ``NotAnAddress``, and what the template raises: the action must not be without its mail.
        """
        self._put(mail, tx)

    def pretend(self, mail: Mail, tx: Transaction) -> None:
        """All the work of ``send``, and no mail."""
        outbox.take_back(tx, self._put(mail, tx))

    def _put(self, mail: Mail, tx: Transaction) -> str:
        now = self._clock.now()
        id = new_id(now, secrets.token_bytes(10))
        message = self._renderer.render(
            to=parse_address(mail.to),
            template=mail.template,
            context=mail.context,
            headers=identifying_headers(id=id, now=now, host=self._settings.host),
        )
        sealed = self._key_ring.seal(PURPOSE, message.to_json(), bound_to=bound_to(id))
        outbox.put(tx, id=id, sealed=sealed, now=now, expires_at=now + LIFETIME)
        tx.after_commit(self._tell)
        return id

    def _tell(self) -> None:
        self._announce()


def add_mail(
    resources: Resources,
    settings: MailSettings,
    *,
    templates: "Sequence[BaseLoader]",
    site_name: str | None,
    development: bool,
) -> None:
    """Add the ``Mailer``, and what sends for it. Opens nothing, and starts no thread."""
    clock: Clock = resources[Clock]  # type: ignore[type-abstract] # found by its protocol
    key_ring, database = resources[KeyRing], resources[Database]
    transport = open_transport(settings)
    delivery = MailDelivery(
        database, settings, transport=transport, key_ring=key_ring, bus=resources[EventBus], clock=clock
    )
    resources.add(delivery)
    if isinstance(transport, MemoryMailbox):
        resources.add(transport)

    announce: Callable[[], object]
    if settings.worker == "none":
        announce = _leave_it
    elif transport.immediate:
        announce = delivery.deliver_due
    else:
        worker = MailWorker(delivery)
        resources.add(worker)
        announce = worker.wake
    mailer = OutboxMailer(
        MailRenderer(templates, site=site_name or settings.host, strict=development),
        settings,
        key_ring=key_ring,
        clock=clock,
        announce=announce,
    )
    resources.add(mailer, as_type=Mailer)


def _leave_it() -> None:
    """Nothing: with ``OSTIARY_MAIL_WORKER=none`` only ``ostiary mail send`` sends."""
