"""Text that a stranger wrote, made safe for a terminal: no line of its own, no escape sequence, no hidden direction."""


def printable(text: str | None) -> str:
    """The text with everything that is not printable spelled out (ESC becomes four letters); ``-`` where there is none."""
    if not text:
        return "-"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
