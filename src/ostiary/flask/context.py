"""The context of the present request itself: found once, where Flask's proxies look it up at every attribute."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

from flask.ctx import RequestContext
from flask.globals import request_ctx

if TYPE_CHECKING:
    from werkzeug.local import LocalProxy

# Werkzeug documents the method, in spite of its name, for those to whom the proxy is too slow.
_proxy: Final = cast("LocalProxy[RequestContext]", request_ctx)
present_context: Final[Callable[[], RequestContext]] = _proxy._get_current_object  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # see above
"""The context of the present request. Raises ``RuntimeError`` outside of one."""
