"""Text that a stranger wrote, made harmless for a mail: one line, no link, not long.

Somebody who signs up as ``Win at https://evil.example`` at the address of another has the site write to
that address in its own name; a browser's description is as free. So what is not ours is never a link.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

# A person's name, a browser's description, a network: none of them needs more.
_LONGEST: Final = 200
# Control characters, line and paragraph separators, and what changes the direction of the text around it ("format").
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Zero-width (non-)joiners are letters of Persian and of Indian scripts, and hold emoji together.
_JOINERS: Final = frozenset("\u200c\u200d")
_SLASHES: Final = re.compile(r"[/\\]{2,}")
# The dots that IDNA (RFC 3490 §3.1) and mail programs take for one, before a letter: "evil.example", not "1.5". A joiner
# beside one is not seen, and a mail program may leave it out.
_DOT_IN_NAME: Final = re.compile(r"(?<=[\w\u200c\u200d])[.\u3002\uff0e\uff61](?=[\u200c\u200d]*[^\W\d_])")


def harmless_line(text: str) -> str:
    """The text on one line, without anything that a mail program would make a link of; cut at 200 characters."""
    head = text[: 4 * _LONGEST]
    seen = "".join(one if one in _JOINERS or unicodedata.category(one) not in _UNSEEN else " " for one in head)
    unlinked = _DOT_IN_NAME.sub(". ", _SLASHES.sub(" ", seen))
    line = " ".join(unlinked.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def harmless_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context of a template, everything in it made harmless but ``link`` and ``…_link``, which are ours.

    Raises ``ValueError`` for a link that is none: it would be our mistake, and a mail of no use.
    """
    return {
        name: _our_link(name, value) if name == "link" or name.endswith("_link") else _harmless(value)
        for name, value in context.items()
    }


def _our_link(name: str, value: object) -> str | None:
    if value is None:
        return None
    text = str(value)
    if re.fullmatch(r"https?://[!-~]+", text, re.ASCII) is None:
        message = f"{name} must be an absolute URL in ASCII"
        raise ValueError(message)
    return text


def _harmless(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {name: _harmless(inner) for name, inner in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_harmless(inner) for inner in cast("Sequence[Any]", value)]
    # Whatever else it is, a template sees its text and nothing inside it.
    return harmless_line(str(value))
