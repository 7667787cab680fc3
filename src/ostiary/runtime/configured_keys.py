"""The secret keys as an operator sees them: which there are, where they stand, and what to set to rotate them."""

import secrets
from pathlib import Path
from typing import Any, Final

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import misconfigured
from ostiary.kernel.secret import Secret
from ostiary.kernel.settings import PREFIX, Sources, Unreadable, read_setting
from ostiary.runtime.deployment import KEY_FILE, kept_keys

NEWEST: Final = "SECRET_KEY"
FALLBACKS: Final = "SECRET_KEY_FALLBACKS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredKeys:
    """``keys`` are newest first. ``place`` says where the newest stands; ``file`` is the one of a developer's machine."""

    keys: tuple[Secret, ...]
    place: str | None
    file: Path | None = None


def read_configured_keys(sources: Sources, *, key_folder: Path | None) -> ConfiguredKeys:
    """The keys of an application; ``key_folder`` is where the key is kept that nobody set, None in production.

    Raises ``ConfigurationError`` for what cannot be read.
    """
    place, newest = _read(sources, NEWEST, Secret)
    fallbacks = tuple(Secret(one) for one in _read(sources, FALLBACKS, tuple[str, ...])[1] or ())
    if newest is not None:
        return ConfiguredKeys(keys=(newest, *fallbacks), place=place)
    if key_folder is None:
        return ConfiguredKeys(keys=fallbacks, place=None)
    file = key_folder / KEY_FILE
    kept = kept_keys(file) if file.is_symlink() or file.exists() else ()
    return ConfiguredKeys(keys=(*kept, *fallbacks), place=str(file), file=file)


def settings_to_rotate(old: ConfiguredKeys) -> dict[str, str]:
    """What to set, by name: a new key, and the old ones as its fallbacks. Raises ``ConfigurationError`` if text cannot say it."""
    texts = [one.reveal() for one in old.keys]
    if any("," in text or text != text.strip() or not text.isprintable() for text in texts):
        raise misconfigured(
            "key_is_not_one_word",
            "an old key has a comma, a space at its end or a control character in it, so a list of text cannot hold it",
            f'set app.config["{PREFIX}{FALLBACKS}"] to a list with that key in it, and {PREFIX}{NEWEST} to a new one',
        )
    found = {PREFIX + NEWEST: secrets.token_urlsafe(48)}
    if texts:
        found[PREFIX + FALLBACKS] = ",".join(texts)
    return found


def _read(sources: Sources, name: str, hint: object) -> tuple[str | None, Any]:
    try:
        found = sources.find(name)
        if found is None or found[1] in ("", None):
            return None, None
        return found[0], read_setting(found[1], hint)
    except Unreadable as error:
        raise misconfigured("unreadable_setting", f"{PREFIX}{name} cannot be read", str(error)) from error
