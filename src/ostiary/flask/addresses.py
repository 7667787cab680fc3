"""Where our pages are in a Flask application: paths by its own URL map, absolute URLs by the configured public URL."""

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlencode

from flask import Flask, has_request_context, request, url_for

from ostiary.kernel.errors import MalformedRequest, misconfigured
from ostiary.web.url_policy import UrlPolicy

BLUEPRINT = "ostiary"


class FlaskAddresses:
    """``web.addresses.Addresses`` of one application."""

    __slots__ = ("_app", "_own_page", "_urls")

    def __init__(self, app: Flask, urls: UrlPolicy, *, own_page: str | None) -> None:
        self._app = app
        self._urls = urls
        self._own_page = own_page

    def path(self, endpoint: str, **query: str) -> str:
        """The path of an endpoint of ours, or of the application's own sign-in page, with a query."""
        name = (self._own_page if endpoint == "sign_in" else None) or f"{BLUEPRINT}.{endpoint}"
        if has_request_context():
            address = url_for(name)
        else:
            # A command or a job: there is no mount point to know of but the configured one.
            config = cast("Mapping[str, str | None]", self._app.config)
            root = config.get("APPLICATION_ROOT") or "/"
            address = self._app.url_map.bind("", script_name=root).build(name)
        return address + (("&" if "?" in address else "?") + urlencode(query) if query else "")

    def absolute(self, endpoint: str, **query: str) -> str:
        """The whole URL, for a mail: the public URL, in development the origin of the present request."""
        origin = self._urls.own_origin(request.environ if has_request_context() else None)
        if origin is None and has_request_context():
            # In development the address of the site is that of the request, which a stranger writes.
            message = "The Host of this request is no address that a link could lead to."
            raise MalformedRequest(message)
        if origin is None:
            raise misconfigured(
                "no_public_url",
                "a mail needs the address of this site, and there is no request to learn it from",
                "set OSTIARY_PUBLIC_URL to the address people use",
            )
        return str(origin) + self.path(endpoint, **query)

    def has(self, endpoint: str) -> bool:
        """Whether this application has such a page."""
        return f"{BLUEPRINT}.{endpoint}" in self._app.view_functions or (
            endpoint == "sign_in" and self._own_page is not None
        )
