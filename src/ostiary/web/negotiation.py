"""A page or JSON: decided once, the same way for every answer.

A page only when the request accepts ``text/html`` by name and is a navigation. A script that fetches
gets JSON, so it never finds a sign-in page where it expected data.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def wants_page(environ: "WSGIEnvironment") -> bool:
    """Whether the answer should be a page.

    ``*/*`` is what programs send; only ``text/html`` by name, with a quality above zero, asks for a
    page. ``Sec-Fetch-Mode``, where the browser sends it, must be ``navigate``.
    """
    mode = environ.get("HTTP_SEC_FETCH_MODE")
    if mode is not None and mode != "navigate":
        return False
    accept: str = environ.get("HTTP_ACCEPT", "")
    if "text/html" not in accept:
        return False
    for choice in accept.split(","):
        kind, *parameters = choice.split(";")
        if kind.strip().lower() == "text/html":
            return not any(_is_zero_quality(parameter) for parameter in parameters)
    return False


def _is_zero_quality(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip().lower() == "q" and value.strip().rstrip("0") in ("", "0.", ".")
