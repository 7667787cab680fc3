"""Sessions and other things that end: how long each lives, and where that is longer than NIST asks for."""

from dataclasses import fields
from typing import Any, get_type_hints

from reference_pages.source import feature_class, feature_names, page, table


def lifetimes() -> list[tuple[str, str, str, str]]:
    """Every setting that is a duration: the feature, the setting, its default, what it is."""
    from ostiary.kernel.duration import Duration

    found = []
    for name in feature_names():
        kind = feature_class(name)
        hints = get_type_hints(kind)
        for field in fields(kind):
            if hints[field.name] in (Duration, Duration | None):
                default = "none" if field.default is None else f"`{field.default}`"
                found.append((name, f"OSTIARY_{name}_{field.name}".upper(), default, field.metadata["about"]))
    return found


def within_nist() -> list[tuple[str, str, str, str]]:
    """The defaults of sessions beside NIST SP 800-63B-4 §2.1.3 and §2.2.3: the limit, asked, ours, and the verdict."""
    from ostiary.kernel.duration import milliseconds

    sessions: Any = feature_class("sessions")()
    idle, absolute = milliseconds(sessions.idle), milliseconds(sessions.absolute)
    rows = []
    for level, what, asked, ours, given in (
        ("AAL1, one factor", "overall", "30d", absolute, sessions.absolute),
        ("AAL2, two factors", "overall", "24h", absolute, sessions.absolute),
        ("AAL2, two factors", "without a request", "1h", idle, sessions.idle),
    ):
        verdict = "within" if ours <= milliseconds(asked) else "longer: a deviation, see below"
        rows.append((f"{level}: {what}", f"`{asked}`", f"`{given}`", verdict))
    return rows


def timeouts() -> str:
    """The page."""
    return page(
        "# Sessions and timeouts\n",
        "How long everything lives that somebody can be signed in with (ASVS 5.0 V7.1.1), and how many sessions there may be\n"
        "(V7.1.2).\n",
        table(
            ["feature", "setting", "default", ""],
            [(name, f"`{setting}`", default, about) for name, setting, default, about in lifetimes()],
        ),
        "## Beside NIST SP 800-63B-4\n",
        "§2.1.3 and §2.2.3 say SHOULD. Activity moves the idle limit on, and never the overall one.\n",
        table(["", "asked", "default", ""], within_nist()),
        "The defaults are for sites where one factor is enough. Where two are demanded, `SignIn(policy=2)`, set\n"
        '`Sessions(idle="1h", absolute="24h")`; without it, ask for a fresh proof where it matters: `fresh="5m"`.\n',
        "## How many\n",
        "`OSTIARY_SESSIONS_AT_MOST` is how many sessions a subject may have; none means no limit. A sign-in beyond it ends\n"
        "the oldest session, and is never refused: whoever holds a stolen one must not be able to keep its owner out.\n",
        "## What ends a session before its time\n",
        "- signing out: here, on the other browsers, everywhere; and `auth.sessions.end(id)`, from a list of devices\n"
        "- whatever raises the subject's epoch: `auth.sessions.end_all(subject)`, a suspension, a change of password. Everything\n"
        "  of before ends at its next request, and so does what a sign-in that is under way would have become\n"
        "- a sign-in or a further proof in the same browser: the old id is replaced by a new one\n"
        "- `flask ostiary sessions end`, for one subject or for everybody\n",
    )
