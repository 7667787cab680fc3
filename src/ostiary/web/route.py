"""Routes: what a feature answers under ``/auth``, described without any framework.

A route is a rule, a method and a function from a ``Call`` to an ``Answer``. The adapter mounts it;
``dispatch`` runs it: guard, CSRF, limit, action. An answer is facts for programs and, where it names
a template, a page for people.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.limit import LimitText
from ostiary.kernel.requirement import Place, Requirement
from ostiary.kernel.resources import Resources
from ostiary.web.addresses import Addresses
from ostiary.web.cookies import DOUBLED, EVERYWHERE, CookiePolicy, CookieToSet, read_cookie

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from ostiary.kernel.errors import AuthError
    from ostiary.kernel.factor import Evidence
    from ostiary.kernel.principal import Principal
    from ostiary.web.guard import Caller


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: the request, who is calling, the variables of the address, and what actions need.

    ``check_csrf`` refuses a request that does not come from our own pages: for a route that reads a cookie of its own. It
    takes what a CSRF token of that cookie is bound to.
    """

    request: "Request"
    caller: "Caller"
    variables: Mapping[str, str]
    resources: Resources
    check_csrf: Callable[[str | None], None]

    @property
    def principal(self) -> "Principal":
        """Who is calling."""
        return self.caller.principal

    @property
    def addresses(self) -> Addresses:
        """Where our pages are."""
        return self.resources[Addresses]  # type: ignore[type-abstract] # found by the protocol it fulfils

    def cookie(self, stem: str, *, path: str = EVERYWHERE) -> str | None:
        """The value of one of our cookies; None if it is absent, doubled or unreadable."""
        value = read_cookie(self.request.environ, self.resources[CookiePolicy].name(stem, path=path))
        return None if value is DOUBLED or not value else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a route answers.

    ``facts``       the JSON document, for programs
    ``page``        the template below ``ostiary/`` that shows it to people, with ``context`` beside the facts
    ``goes_to``     where a page goes on instead of being shown: a path of ours, by 303
    ``to_next``     a page goes on to where its caller wanted to go (``?next=``)
    ``signs_in``    evidence that signs the caller in, and ``remember`` whether her browser is to be remembered
    ``goes_on``     her present session is good after what was done: that the next one cannot be started fails nothing
    ``issues``      evidence becomes tokens in the answer, and no cookie; ``handle`` is that of a sign-in that was begun
    ``csrf``        the document gets a CSRF token for this caller under ``"csrf"``, if a cookie carries or may carry her
    ``signed_out``  the browser forgets everything of ours
    ``carries_token``  the address of the page holds a secret, so that nothing may learn it from ``Referer``
    ``kept_for``    seconds that anybody may keep a copy of a document that is the same for everybody; None: nobody may
    """

    # A document may hold a token or a key that is shown this once.
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    status: int = 200
    page: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    goes_to: str | None = None
    to_next: bool = False
    cookies: tuple[CookieToSet, ...] = field(default=(), repr=False)
    signs_in: "Evidence | None" = None
    goes_on: bool = False
    remember: bool = False
    issues: "Evidence | None" = None
    handle: str | None = field(default=None, repr=False)
    csrf: bool = False
    signed_out: bool = False
    carries_token: bool = False
    kept_for: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address of ours, for one method.

    ``endpoint``  its name within the blueprint; two routes that share it share the address
    ``requires``  what the guard demands; None: everybody may call it
    ``place``     where what it requires has to be held, read from the request; None: everywhere
    ``limit``     how often one network may call it, charged before the action
    ``again``     the page once more after a refusal, with what was wrong; without it the refusal is the answer
    ``at_root``   its rule is the whole path, wherever our other addresses are (RFC 8615)
    ``reads_credentials``  False: no cookie and no ``Authorization`` says who is calling, so that CSRF is no question
    """

    rule: str
    endpoint: str
    method: Literal["GET", "POST", "DELETE"]
    answer: Callable[[Call], Answer]
    requires: Requirement | None
    about: str
    place: "Callable[[Request, Mapping[str, str]], Place] | None" = None
    limit: LimitText | None = None
    again: "Callable[[Call, AuthError], Answer] | None" = None
    reads_credentials: bool = True
    at_root: bool = False


def form_routes(
    rule: str,
    endpoint: str,
    *,
    show: Callable[[Call], Answer],
    act: Callable[[Call], Answer],
    again: "Callable[[Call, AuthError], Answer]",
    about: str,
    requires: Requirement | None = None,
    limit: LimitText | None = None,
) -> tuple[Route, Route]:
    """The two routes of a form: a GET that shows it, and a POST that carries it out or shows it again."""
    shown = f"The form; as JSON, its fields: {about.partition(':')[0].lower()}."
    return (
        Route(rule=rule, endpoint=endpoint, method="GET", answer=show, requires=requires, about=shown),
        Route(
            rule=rule,
            endpoint=endpoint,
            method="POST",
            answer=act,
            again=again,
            requires=requires,
            about=about,
            limit=limit,
        ),
    )
