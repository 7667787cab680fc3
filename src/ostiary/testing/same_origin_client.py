"""A test client that behaves like a browser on the application's own pages: it keeps cookies, and says where it comes from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from flask import Flask
from flask.testing import FlaskClient

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


def same_origin_client(app: Flask, public_url: str | None) -> FlaskClient:
    """A client of the application's own class (``app.test_client_class``), or Flask's.

    With a public URL it visits that address, so that the links in mails lead to where its cookies are.
    """
    own: Any = app.test_client_class or FlaskClient
    config = cast("Mapping[str, Any]", app.config)
    kind = own if public_url is None else _visiting(own, public_url, config["APPLICATION_ROOT"].lstrip("/"))
    client: FlaskClient = kind(app, app.response_class, use_cookies=True)
    # Fetch Metadata §2.4, as of a page of ours. A header that a test gives itself takes its place.
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def _visiting(own: type[FlaskClient], public_url: str, root: str) -> type[FlaskClient]:
    class Visitor(own):  # type: ignore[misc, valid-type] # a class that the application chose
        def open(self, *args: Any, **kwargs: Any) -> "TestResponse":
            """A request to the public URL, where the test names no other address."""
            elsewhere = {"base_url", "subdomain", "url_scheme"} & kwargs.keys()
            if args and isinstance(args[0], str) and args[0].startswith("/") and not elsewhere:
                kwargs["base_url"] = f"{public_url}/{root}"
            answer: TestResponse = super().open(*args, **kwargs)
            return answer

    return Visitor
