"""A shop that remembers browsers, and what tests do to them: close them, copy them, look into the table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from tests.shop import Browser, Shop, open_shop

from ostiary import RememberMe
from ostiary.features.remember_me.store import remember_series
from ostiary.kernel.feature import Feature

REMEMBER = "ostiary_remember"
SESSION = "ostiary_session"


@contextmanager
def open_remembering_shop(
    url: str, *, remember: RememberMe | None = None, further: Sequence[Feature] = (), **kwargs: Any
) -> Iterator[Shop]:
    """A shop with ``RememberMe()``."""
    with open_shop(url, further=[remember or RememberMe(), *further], **kwargs) as made:
        yield made


def remembered(shop: Shop, who: str = "ada", **kwargs: Any) -> Browser:
    """A browser that signed in and asked to be remembered."""
    browser = shop.browser(**kwargs)
    assert browser.vouch(who, "password", remember=True).status_code == 200
    return browser


def close(browser: Browser) -> Browser:
    """The browser is closed and opened again: what it kept only until then is gone."""
    for prefix in ("", "__Host-", "__Secure-"):
        browser.delete_cookie(prefix + SESSION)
    return browser


def copy_of(browser: Browser, shop: Shop) -> Browser:
    """A thief's browser, with a copy of what the other keeps on its disk."""
    thief = shop.browser()
    thief.set_cookie(REMEMBER, browser.cookie(REMEMBER))
    return thief


def series(shop: Shop) -> list[Any]:
    """The rows of remembered browsers, oldest first."""
    with shop.database.read() as connection:
        return list(connection.execute(select(remember_series).order_by(remember_series.c.id)))


def set_cookies(answer: Any) -> dict[str, str]:
    """The cookies that an answer sets, by name, with all they say."""
    return {line.partition("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
