"""Rendering a mail: ``ostiary/email/<feature>/<name>.txt``, whose first line is its subject, and its HTML twin.

An application overrides a template by one of the same name in its own folder. The text is what the mail says: where it
is the application's own, our twin would say something else, and is not sent. Templates are the
developer's; what strangers wrote reaches them as harmless text (``harmless_text.py``).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    make_logging_undefined,
    select_autoescape,
)

import ostiary
from ostiary.delivery.harmless_text import harmless_context
from ostiary.delivery.message import Message, UnsafeMessage, shortened_subject
from ostiary.kernel.clock import DAY, HOUR, MINUTE
from ostiary.kernel.duration import milliseconds

_log: Final = logging.getLogger("ostiary.mail")
_OURS: Final = Path(ostiary.__file__).parent / "ui" / "templates"
_FOLDER: Final = "ostiary/email"
_SUBJECT: Final = "Subject:"


class MailRenderer:
    """Makes messages of templates. ``site`` is what every mail calls us.

    With ``strict`` a name that a template asks for and nobody gives is an error, as a developer wants it.
    Otherwise it is a gap and a warning: a session that was stolen has to end, whatever the mail looks like.
    """

    def __init__(self, loaders: Sequence[BaseLoader], *, site: str, strict: bool = True) -> None:
        self._loaders = tuple(loaders)
        self._site = site
        self._strict = strict

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=ChoiceLoader([*self._loaders, FileSystemLoader(_OURS)]),
            autoescape=select_autoescape(("html",), default=False),
            undefined=StrictUndefined if self._strict else make_logging_undefined(_log),
        )
        environment.filters["moment"] = spell_moment
        environment.filters["duration"] = length_in_words
        return environment

    def render(self, *, to: str, template: str, context: Mapping[str, Any], headers: Mapping[str, str]) -> Message:
        """The message. Raises ``UnsafeMessage`` for a template without a subject, and what Jinja raises."""
        values = {**harmless_context(context), "site": self._site}
        written = self._environment.get_template(f"{_FOLDER}/{template}.txt")
        first, _, text = written.render(values).partition("\n")
        if not first.startswith(_SUBJECT):
            message = f"the first line of {template}.txt must be its subject: {_SUBJECT} …"
            raise UnsafeMessage(message)
        subject = shortened_subject(first.removeprefix(_SUBJECT).strip())
        return Message(
            to=to,
            template=template,
            subject=subject,
            text=f"{text.strip()}\n",
            html=self._twin(template, written, {"subject": subject, **values}),
            headers=headers,
        )

    def _twin(self, template: str, written: Template, values: Mapping[str, Any]) -> str | None:
        """The HTML of the mail; None where there is none, or it renders to nothing."""
        try:
            found = self._environment.get_template(f"{_FOLDER}/{template}.html")
        except TemplateNotFound:
            return None
        if _is_ours(found) and not _is_ours(written):
            return None
        html = found.render(values).strip()
        return f"{html}\n" if html else None


def _is_ours(template: Template) -> bool:
    """Whether a template is the one that is shipped, and not the application's in its place."""
    return template.filename is not None and Path(template.filename).is_relative_to(_OURS)


def spell_moment(when: object) -> str:
    """An instant as people in every country read it: ``2027-03-01 14:03 UTC``. Text stays as it is."""
    if not isinstance(when, int):
        return str(when)
    return datetime.fromtimestamp(when / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def length_in_words(length: object) -> str:
    """A length of time in words: ``30 minutes``, ``24 hours``; rounded down. ``"30m"`` is read, other text stays."""
    try:
        millis = milliseconds(length) if isinstance(length, str) else length
    except ValueError:
        return str(length)
    if not isinstance(millis, int):
        return str(length)
    for size, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count = millis // size
        # A single day is told in hours: what "1 day" means depends on when the mail is read.
        if count > 1 or (count == 1 and size < DAY):
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return "a minute"
