"""A feature of the tests' own that sends mail, and a runtime around it without any web framework."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from jinja2 import DictLoader
from tests.shop import KEY, FrozenClock

from ostiary.delivery.memory import MemoryMailbox
from ostiary.kernel.client import NO_CLIENT
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.events import Event
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.mail import Mail, Mailer
from ostiary.kernel.settings import Sources
from ostiary.runtime.assembly import assemble
from ostiary.runtime.deployment import read_deployment
from ostiary.runtime.mail_delivery import MailDelivery
from ostiary.runtime.mail_worker import MailWorker
from ostiary.runtime.runtime import Surroundings, build_runtime
from ostiary.storage import outbox
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads
from ostiary.web.contribution import Contribution

HELLO = "Subject: Hello {{ name }}\n\nHello {{ name }}, open {{ link }}\n"
LINK = "https://shop.example/r?t=01ABC.canary"
TEMPLATES = DictLoader({"ostiary/email/letters/hello.txt": HELLO})


@feature
class Letters(Feature):
    """Writes letters."""

    name: ClassVar[str] = "letters"

    def stores(self) -> bool:
        return True

    def mails(self) -> frozenset[str]:
        return frozenset({"letters/hello"})

    def contribute(self, resources: Any) -> Contribution:
        return Contribution(actions=self)


class Office:
    """An application that sends mail: its runtime, its events, its outbox."""

    def __init__(self, folder: Path, database: Database, *, clock: FrozenClock | None = None, **names: str) -> None:
        self.database = database
        self.clock = clock or FrozenClock()
        self.events: list[Event] = []
        environment = {f"OSTIARY_{name}": value for name, value in {"SECRET_KEY": KEY, **names}.items()}
        sources = Sources(config={}, environment=environment)
        problems: list[Any] = []
        assembly = assemble([Letters()], sources, problems)
        deployment = read_deployment(
            sources, problems, development=True, testing=True, instance_path=folder / "instance", sends_mail=True
        )
        assert problems == []
        self.listeners = Listeners()
        self.listeners.on(Event, self.events.append)
        around = Surroundings(
            listeners=(self.listeners,),
            client=lambda: NO_CLIENT,
            database=database,
            clock=self.clock,
            templates=(TEMPLATES,),
        )
        self.runtime = build_runtime(assembly, deployment, around)

    @property
    def mailer(self) -> Mailer:
        return self.runtime.resources[Mailer]

    @property
    def delivery(self) -> MailDelivery:
        return self.runtime.resources[MailDelivery]

    @property
    def worker(self) -> MailWorker:
        return self.runtime.resources[MailWorker]

    @property
    def mailbox(self) -> MemoryMailbox:
        return self.runtime.resources[MemoryMailbox]

    def write(self, *recipients: str, name: str = "Ada") -> None:
        """One transaction with a letter to each."""
        with self.database.write() as tx:
            for to in recipients or ("ada@shop.example",):
                self.mailer.send(Mail(to=to, template="letters/hello", context={"name": name, "link": LINK}), tx)

    def rows(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(outbox.outbox.select().order_by(outbox.outbox.c.id)))

    def close(self) -> None:
        worker = self.runtime.resources.find(MailWorker)
        if worker is not None:
            worker.stop()
        self.runtime.resources[GuardReads].close()
        self.runtime.resources[EphemeralStore].close()


@contextmanager
def open_office(folder: Path, url: str, **options: Any) -> Iterator[Office]:
    """An office that is closed afterwards."""
    database = Database.from_url(url, migrates_itself=True)
    made = Office(folder, database, **options)
    try:
        yield made
    finally:
        made.close()
        database.close()


def by_smtp(port: int, **more: str) -> dict[str, str]:
    """The settings of an office that sends by a server of the tests'."""
    names = {"MAIL_URL": f"smtp://127.0.0.1:{port}", "MAIL_FROM": "The Shop <no-reply@shop.example>"}
    return {**names, "PUBLIC_URL": "https://shop.example", **more}
