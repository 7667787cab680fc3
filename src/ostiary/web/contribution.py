"""What a feature adds to an application: its actions, credential readers, listeners and sections of the account page."""

from dataclasses import field

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.event_bus import Listeners
from ostiary.kernel.requirement import Rights
from ostiary.web.credential_reader import CredentialReader
from ostiary.web.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Everything a feature adds, ready to be wired.

    ``actions`` is the object behind ``auth.<feature>`` and what other features find by its class.
    """

    actions: object
    readers: tuple[CredentialReader, ...] = ()
    listeners: Listeners = field(default_factory=Listeners)
    rights: Rights | None = None
    sections: tuple[Section, ...] = ()
