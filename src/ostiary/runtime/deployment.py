"""The deployment: the settings of a process rather than of a feature, and what must be there in production.

Keys, addresses, proxies. Development forgives what production does not: a missing key is made once
and kept in the instance folder, and the public URL is whatever the request came to.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import ConfigurationError, Problem, misconfigured
from ostiary.kernel.key_ring import KeyRing, check_secret_key
from ostiary.kernel.secret import Secret
from ostiary.kernel.settings import Sources, Unreadable, read_setting
from ostiary.runtime.process_settings import PROCESS_SETTINGS
from ostiary.storage.file_lock import file_lock
from ostiary.storage.private_file import NotPrivate, keep_private_file, read_private_file, write_private_file
from ostiary.web.cookies import COOKIE_PREFIX
from ostiary.web.headers import content_security_policy
from ostiary.web.origin import NotAnOrigin, Origin, parse_origin
from ostiary.web.url_policy import UrlPolicy

if TYPE_CHECKING:
    from ostiary.delivery.settings import MailSettings

NAMES: Final = frozenset(PROCESS_SETTINGS)
"""The settings that belong to no feature, without the prefix."""

CsrfMode = Literal["metadata", "token"]

KEY_FILE: Final = "ostiary.key"
_COOKIE_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", re.ASCII)
_LONGEST_SITE_NAME: Final = 80
# What a developer made with older ones she has forgotten.
_OLD_KEYS_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Where and how this process runs."""

    development: bool
    testing: bool
    key_ring: KeyRing
    public_url: Origin | None
    trusted_origins: frozenset[Origin]
    trusted_proxies: int
    csrf: CsrfMode
    content_security: Mapping[str, tuple[str, ...]]
    database_url: Secret | None
    redis_url: Secret | None
    instance_path: Path
    site_name: str | None = None
    cookie_prefix: str = COOKIE_PREFIX
    mail: "MailSettings | None" = None
    """How mail leaves; None where no feature sends any."""

    @property
    def urls(self) -> UrlPolicy:
        """Where redirects may lead, and which origins are ours."""
        return UrlPolicy(self.public_url, self.trusted_origins, self.trusted_proxies)


@dataclass(slots=True)
class _Reader:
    """Reads settings and collects what is wrong with them."""

    sources: Sources
    problems: list[Problem]
    places: dict[str, str] = field(default_factory=dict[str, str])

    def read(self, name: str, hint: object) -> object | None:
        try:
            found = self.sources.find(name)
            if found is None or found[1] in ("", None):
                return None
            self.places[name] = found[0]
            return read_setting(found[1], hint)
        except Unreadable as error:
            self.add("unreadable_setting", f"OSTIARY_{name} cannot be read", str(error))
            return None

    def add(self, code: str, what: str, cure: str) -> None:
        self.problems.append(Problem(code=code, what=what, cure=cure))

    def origin(self, name: str, text: str) -> Origin | None:
        try:
            return parse_origin(text.rstrip("/"))
        except NotAnOrigin as error:
            self.add("not_an_origin", f"OSTIARY_{name} is not an origin", str(error))
            return None


def read_deployment(
    sources: Sources,
    problems: list[Problem],
    *,
    development: bool,
    testing: bool,
    instance_path: Path,
    sends_mail: bool = False,
) -> Deployment:
    """The deployment as it is configured; what is wrong with it is added to ``problems``."""
    reader = _Reader(sources, problems)
    reader.read("DEVELOPMENT", bool)
    public_url = _read_public_url(reader, development=development)
    return Deployment(
        development=development,
        testing=testing,
        key_ring=_read_keys(reader, development=development, testing=testing, instance_path=instance_path),
        public_url=public_url,
        trusted_origins=_read_trusted_origins(reader),
        trusted_proxies=_read_proxies(reader),
        csrf=cast("CsrfMode", reader.read("CSRF", CsrfMode) or "metadata"),
        content_security=_read_content_security(reader),
        database_url=_read_database_url(reader),
        redis_url=cast("Secret | None", reader.read("REDIS_URL", Secret)),
        instance_path=instance_path,
        site_name=_read_site_name(reader),
        cookie_prefix=_read_cookie_prefix(reader),
        mail=_read_mail(reader, public_url, development=development, testing=testing) if sends_mail else None,
    )


def _read_mail(reader: _Reader, public_url: Origin | None, *, development: bool, testing: bool) -> "MailSettings":
    from ostiary.runtime.mail_settings import read_mail_settings  # only where mail is sent

    host = public_url.host if public_url is not None else None
    return read_mail_settings(reader, development=development, testing=testing, host=host)


def _read_public_url(reader: _Reader, *, development: bool) -> Origin | None:
    text = cast("str | None", reader.read("PUBLIC_URL", str))
    if text is None:
        if not development:
            reader.add(
                "no_public_url",
                "OSTIARY_PUBLIC_URL is not set: without it, origins and redirects would be compared with what the "
                "request says of itself",
                "set it to the address people use, such as OSTIARY_PUBLIC_URL=https://shop.example "
                "(in development, set OSTIARY_DEVELOPMENT=1 or run with --debug instead)",
            )
        return None
    origin = reader.origin("PUBLIC_URL", text)
    if origin is not None and origin.scheme != "https" and not development:
        reader.add(
            "public_url_without_tls",
            f"OSTIARY_PUBLIC_URL is {origin}, and cookies that sign people in must not travel over plain HTTP",
            "put a certificate in front, and set OSTIARY_PUBLIC_URL=https://…",
        )
    return origin


def _read_site_name(reader: _Reader) -> str | None:
    text = cast("str | None", reader.read("SITE_NAME", str))
    # It stands in the subject of every mail.
    if text is not None and (not text.isprintable() or not text.strip() or len(text) > _LONGEST_SITE_NAME):
        what = f"OSTIARY_SITE_NAME={text[:_LONGEST_SITE_NAME]!r} is no name"
        reader.add("not_a_site_name", what, f"one line of at most {_LONGEST_SITE_NAME} characters, such as The Shop")
        return None
    return text


def _read_cookie_prefix(reader: _Reader) -> str:
    text = cast("str | None", reader.read("COOKIE_PREFIX", str))
    if text is None:
        return COOKIE_PREFIX
    if _COOKIE_PREFIX.fullmatch(text) is None:
        what = f"OSTIARY_COOKIE_PREFIX={text[:40]!r} is no beginning of a cookie's name"
        reader.add(
            "not_a_cookie_prefix",
            what,
            "at most 32 letters, digits and hyphens, such as shop; __Host- is put before it",
        )
        return COOKIE_PREFIX
    return text


def _read_trusted_origins(reader: _Reader) -> frozenset[Origin]:
    texts = cast("tuple[str, ...]", reader.read("TRUSTED_ORIGINS", tuple[str, ...]) or ())
    origins = [reader.origin("TRUSTED_ORIGINS", text) for text in texts]
    return frozenset(origin for origin in origins if origin is not None)


def _read_content_security(reader: _Reader) -> Mapping[str, tuple[str, ...]]:
    """What an application's own layout adds to the policy of our pages: ``img-src https://cdn.example; font-src …``."""
    text = cast("str | None", reader.read("CSP", str)) or ""
    directives = [words for part in text.split(";") if (words := part.split())]
    sources = {name: tuple(rest) for name, *rest in directives}
    try:
        content_security_policy(page=True, extend=sources)
    except ValueError as error:
        cure = "write directives with their sources: img-src https://cdn.example; font-src https://fonts.example"
        reader.add("unreadable_csp", f"OSTIARY_CSP cannot be read: {error}", cure)
        return {}
    return sources


def _read_proxies(reader: _Reader) -> int:
    count = cast("int | None", reader.read("TRUSTED_PROXIES", int))
    if count is not None and not 0 <= count <= 10:
        reader.add(
            "impossible_proxies",
            f"OSTIARY_TRUSTED_PROXIES is {count}",
            "it is the number of proxies of yours that a request passes, such as 1",
        )
        return 0
    return count or 0


def _read_database_url(reader: _Reader) -> Secret | None:
    url = cast("Secret | None", reader.read("DATABASE_URL", Secret))
    if url is not None:
        from ostiary.storage.database_url import parse_database_url  # SQLAlchemy only where a database is named

        try:
            parse_database_url(url.reveal())
        except ConfigurationError as error:
            reader.problems.extend(error.problems)
    return url


def _read_keys(reader: _Reader, *, development: bool, testing: bool, instance_path: Path) -> KeyRing:
    key = cast("Secret | None", reader.read("SECRET_KEY", Secret))
    fallbacks = cast("tuple[str, ...]", reader.read("SECRET_KEY_FALLBACKS", tuple[str, ...]) or ())
    if key is None and not development:
        reader.add(
            "no_secret_key",
            "OSTIARY_SECRET_KEY is not set",
            "set it to the output of: python -c 'import secrets; print(secrets.token_urlsafe(48))' "
            "(or OSTIARY_SECRET_KEY_FILE to a file; in development, set OSTIARY_DEVELOPMENT=1 or run with --debug)",
        )
    ring: tuple[Secret, ...] = () if key is None else (key,)
    if key is None:
        # In production there is a problem already; this key only lets the other problems be found.
        ring = (Secret(secrets.token_urlsafe(48)),)
        if development and not testing:
            try:
                ring = development_keys(instance_path)
            except ConfigurationError as error:
                reader.problems.extend(error.problems)
    ring += tuple(Secret(fallback) for fallback in fallbacks)
    reader.problems.extend(problem for one in ring if (problem := check_secret_key(one)) is not None)
    return KeyRing(ring)


def development_key(instance_path: Path) -> Secret:
    """The key of a developer's machine: made once, kept in the instance folder, readable by its owner alone.

    Raises ``ConfigurationError`` for a file that others can read, or a link.
    """
    return development_keys(instance_path)[0]


def development_keys(instance_path: Path) -> tuple[Secret, ...]:
    """The key of a developer's machine, and those it replaced, newest first: one a line. See ``development_key``."""
    path = instance_path / KEY_FILE
    try:
        return _keys_of(keep_private_file(path, secrets.token_urlsafe(48)))
    except NotPrivate as error:
        raise _key_file_is_not_ours(path, str(error)) from error


def rotate_development_key(instance_path: Path) -> int:
    """Put a new key before those of a developer's machine; the answer is how many there are now.

    Of the old ones the newest are kept, which still verify and open. Raises as ``development_key``.
    """
    path = instance_path / KEY_FILE
    instance_path.mkdir(parents=True, exist_ok=True)
    with file_lock(path):
        old = kept_keys(path) if os.path.lexists(path) else ()
        keys = (secrets.token_urlsafe(48), *(one.reveal() for one in old[:_OLD_KEYS_KEPT]))
        # Whole or not at all: whoever starts at this moment reads the file of before or this one.
        write_private_file(path, "\n".join(keys)).replace(path)
    return len(keys)


def kept_keys(path: Path) -> tuple[Secret, ...]:
    """The keys in the file of a developer's machine, newest first. Raises as ``development_key``."""
    try:
        return _keys_of(read_private_file(path))
    except NotPrivate as error:
        raise _key_file_is_not_ours(path, str(error)) from error


def _keys_of(text: str) -> tuple[Secret, ...]:
    # An empty file holds one key, which is no good.
    return tuple(Secret(line.strip()) for line in text.strip().split("\n"))


def _key_file_is_not_ours(path: Path, why: str) -> ConfigurationError:
    cure = "delete it, and a new one is made; or set OSTIARY_SECRET_KEY"
    return misconfigured("key_file_is_open", f"the key file {path} {why}, so somebody else may know the key", cure)
