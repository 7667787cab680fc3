"""Decisions that explain themselves: allowed or not, because of what, and what would change it.

The grounds are a tree: a policy is met by its rules, and a rule by others. Each ground says whether it was met; what a
visitor may read of them is marked ``public``, and everything else is for staff and logs.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias, get_args

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.principal import On, encode_place

ChangeKind: TypeAlias = Literal[
    "sign_in",
    "via",
    "factors",
    "proof",
    "phishing_resistant",
    "fresh",
    "tenant",
    "scope",
    "permission",
    "role",
    "attribute",
]
"""What can be other than it is, in the order of who can bring it about: the caller, whoever grants, whoever keeps the data."""

KINDS: Final[tuple[ChangeKind, ...]] = get_args(ChangeKind)

PROOFS: Final[frozenset[ChangeKind]] = frozenset({"factors", "proof", "phishing_resistant", "fresh"})
"""What the caller mends by proving more, or again."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would have to be other than it is. Its text is in the words of ``auth.require``: ``fresh=5m``.

    ``kind``   what it is about
    ``value``  what it would have to be: a permission, a number of factors, the value of an attribute
    ``on``     the place, for a permission, a role or a tenant
    ``of``     the name of the attribute, for an attribute
    """

    kind: ChangeKind
    value: Any = None
    on: On | None = None
    of: str | None = None

    def __str__(self) -> str:
        if self.kind == "attribute":
            return f"{self.of}={self.value!r}"
        if self.kind == "tenant":
            return f"tenant={encode_place(self.on)}"
        if self.value is None:
            return self.kind
        place = "" if self.on is None else f" on {encode_place(self.on)}"
        return f"{self.kind}={self.value}{place}"


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground of a decision: a stable code for programs, a sentence for staff and logs.

    ``public``    whether a visitor may read it
    ``children``  the grounds of this ground
    ``met``       whether it speaks for the caller; None where that cannot be known (SQL calls it unknown)
    """

    code: str
    text: str
    public: bool = False
    children: "tuple[Reason, ...]" = ()
    met: bool | None = False

    def lines(self, depth: int = 0) -> Iterator[str]:
        """The tree, one ground a line: ``+`` met, ``-`` not met, ``?`` unknown."""
        sign = {True: "+", False: "-", None: "?"}[self.met]
        yield f"{'  ' * depth}{sign} {self.code}: {self.text}"
        for child in self.children:
            yield from child.lines(depth + 1)

    def as_json(self) -> dict[str, Any]:
        """The tree, ready for JSON."""
        own: dict[str, Any] = {"code": self.code, "met": self.met, "text": self.text}
        return {**own, "because": [child.as_json() for child in self.children]} if self.children else own


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "may this caller do this?". True in an ``if`` when allowed.

    ``because`` holds the grounds, the decisive one first; ``would_pass_if`` what would have to change, all of it
    together, for another answer. It is empty where nothing is known that would do.
    """

    allowed: bool
    because: tuple[Reason, ...] = ()
    would_pass_if: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def code(self) -> str:
        """The code of the decisive ground; ``"allowed"`` where nothing speaks against it."""
        return self.because[0].code if self.because and not self.allowed else "allowed"

    @property
    def public_reason(self) -> Reason | None:
        """The first ground that a visitor may read, however deep it stands, among those that speak against her."""
        return _find_public(self.because)

    def lines(self) -> Iterator[str]:
        """The whole decision for people: the answer, its grounds, and what would change it."""
        yield "allowed" if self.allowed else "denied"
        for reason in self.because:
            yield from reason.lines(1)
        if self.would_pass_if:
            yield f"would pass if: {', '.join(map(str, self.would_pass_if))}"

    def as_json(self) -> dict[str, Any]:
        """The whole decision, ready for JSON."""
        return {
            "allowed": self.allowed,
            "code": self.code,
            "because": [reason.as_json() for reason in self.because],
            "would_pass_if": [str(change) for change in self.would_pass_if],
        }


ALLOWED: Final = Decision(allowed=True)
"""The one decision that needs no explanation, made once: guards answer it on nearly every request."""


def denied(code: str, text: str, *would_pass_if: Change | str) -> Decision:
    """A refusal with one ground. A change may be written as its text: ``"factors=2"``."""
    changes = tuple(parse_change(one) if isinstance(one, str) else one for one in would_pass_if)
    return Decision(allowed=False, because=(Reason(code, text),), would_pass_if=changes)


def parse_change(text: str) -> Change:
    """The change that is written as ``kind=value``. Raises ``ValueError`` for a kind that there is not."""
    kind, _, value = text.partition("=")
    if kind not in KINDS:
        message = f"{text!r} names no change: write one of {', '.join(KINDS)}"
        raise ValueError(message)
    return Change(kind, value or None)


def _find_public(reasons: Iterable[Reason]) -> Reason | None:
    for reason in reasons:
        if reason.met is True:
            continue
        if reason.public:
            return reason
        found = _find_public(reason.children)
        if found is not None:
            return found
    return None
