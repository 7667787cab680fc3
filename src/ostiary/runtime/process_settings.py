"""The settings of a process rather than of a feature: what each is, its default, and whether it is a secret."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSetting:
    """One setting: what it is and its default, in words; for a secret, how it is rotated."""

    about: str
    default: str = "none"
    secret: bool = False
    rotation: str = ""


PROCESS_SETTINGS: Final[Mapping[str, ProcessSetting]] = MappingProxyType(
    {
        "SECRET_KEY": ProcessSetting(
            about="The key from which all others are derived: at least 32 random characters. Required in production.",
            default="in development, made once and kept in the instance folder",
            secret=True,
            rotation="once a year; the old one goes first into OSTIARY_SECRET_KEY_FALLBACKS",
        ),
        "SECRET_KEY_FALLBACKS": ProcessSetting(
            about="Keys of before, newest first, separated by commas. They verify and open, and never sign.",
            secret=True,
            rotation="remove the last when the longest-lived thing it made has ended",
        ),
        "DATABASE_URL": ProcessSetting(
            about="Where everything is kept: postgresql://… (postgres://… is the same) or sqlite:///…. What is given to "
            "Auth(database=…) wins.",
            default="an SQLite file in the instance folder",
            secret=True,
            rotation="as your database does it; restart with the new one",
        ),
        "REDIS_URL": ProcessSetting(
            about="Redis or Valkey for what is short-lived: counters, sign-ins half finished. Over a network, rediss://….",
            default="the database",
            secret=True,
            rotation="as your server does it; restart with the new one",
        ),
        "PUBLIC_URL": ProcessSetting(
            about="The address people use, such as https://shop.example. Origins, links and redirects are compared with it, "
            "never with the Host header. Required in production.",
            default="in development, whatever the request came to",
        ),
        "SITE_NAME": ProcessSetting(
            about="What our pages and mails call the site: The Shop.",
            default="the host of the public URL, else the application's name",
        ),
        "COOKIE_PREFIX": ProcessSetting(
            about="What the names of our cookies begin with, behind __Host-. Browsers know neither ports nor paths apart: give two "
            "applications on one host two of them, or each signs the other's people out.",
            default="ostiary",
        ),
        "TRUSTED_PROXIES": ProcessSetting(
            about="How many proxies of yours a request passes. Only what they said of the client is believed.",
            default="0",
        ),
        "TRUSTED_ORIGINS": ProcessSetting(
            about="Other origins whose pages may send requests with a cookie, separated by commas: https://app.shop.example."
        ),
        "CSRF": ProcessSetting(
            about='How a request shows that it comes from your pages: "metadata" believes the browser (Sec-Fetch-Site, '
            'Origin), "token" wants a token as well.',
            default="metadata",
        ),
        "CSP": ProcessSetting(
            about="What your own layout adds to the policy of our pages: img-src https://cdn.example; font-src …."
        ),
        "DEVELOPMENT": ProcessSetting(
            about="1 on a developer's machine: plain HTTP, a key that is made. Flask's debug and testing mean the same.",
            default="0",
        ),
        "MAIL_URL": ProcessSetting(
            about="The mail server: smtp+starttls://user:password@mail.shop.example, smtps://…, or console: and memory: in "
            "development. Required in production where a feature sends mail.",
            default="console: in development, memory: in tests",
            secret=True,
            rotation="as your mail server does it; restart with the new one",
        ),
        "MAIL_FROM": ProcessSetting(
            about="Who mail comes from: The Shop <no-reply@shop.example>. Required where MAIL_URL names a server.",
            default="no-reply at the host of the public URL",
        ),
        "MAIL_CA": ProcessSetting(
            about="The certificates, in PEM, that the mail server's must be signed by.", default="those of the system"
        ),
        "MAIL_WORKER": ProcessSetting(
            about='Who sends what waits to be sent: "thread", a thread of each process, or "none", where `ostiary mail send` '
            "does.",
            default="thread",
        ),
    }
)
"""By the name, without the prefix."""
