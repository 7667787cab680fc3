"""The origin a request was sent to, from a strictly parsed Host header: for development only.

In production every absolute link, cookie and comparison uses the configured public URL, because whoever
sends the request chooses its ``Host``. Without one, in development, this is the next best answer.
"""

from collections.abc import Mapping
from typing import Any, Final

from ostiary.web.origin import Origin, find_origin

PROXY_FIX_RAN: Final = "werkzeug.proxy_fix.orig"
"""Where Werkzeug's ProxyFix leaves the original values: once it ran, ``environ`` holds its answer."""


def request_origin(environ: Mapping[str, Any], trusted_proxies: int = 0) -> Origin | None:
    """The origin the request was sent to, or None where its host cannot be read without doubt.

    ``X-Forwarded-Host`` and ``X-Forwarded-Proto`` count only with ``trusted_proxies`` proxies stated, and
    not once ProxyFix has already applied them (ASVS V4.1.3).
    """
    scheme: str = environ.get("wsgi.url_scheme") or ""
    host: str = environ.get("HTTP_HOST") or _server(environ)
    if trusted_proxies > 0 and PROXY_FIX_RAN not in environ:
        scheme = _forwarded(environ.get("HTTP_X_FORWARDED_PROTO"), trusted_proxies) or scheme
        host = _forwarded(environ.get("HTTP_X_FORWARDED_HOST"), trusted_proxies) or host
    return find_origin(f"{scheme}://{host}")


def _server(environ: Mapping[str, Any]) -> str:
    # HTTP/1.0 may come without Host; PEP 3333 promises these two.
    name, port = environ.get("SERVER_NAME"), environ.get("SERVER_PORT")
    return f"{name}:{port}" if name and port else ""


def _forwarded(value: str | None, trusted_proxies: int) -> str | None:
    if not value:
        return None
    # Each proxy appends, so the n-th from the right is what the outermost trusted one saw. Many overwrite
    # instead: with fewer values than proxies the first is the outermost that is left.
    values = value.rsplit(",", trusted_proxies)[-trusted_proxies:]
    return values[0].strip()
