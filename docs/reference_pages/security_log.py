"""The security log: what is on record, where, in which form, and for how long."""

from dataclasses import fields
from functools import cache
from typing import Any

from reference_pages.source import calls, feature_class, modules, page, sources, table


def event_classes() -> list[Any]:
    """Every event there is."""
    from ostiary.kernel.events import Event

    found = {
        value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Event) and value is not Event
    }
    return sorted(found, key=lambda kind: kind.name())


@cache
def called() -> dict[str, frozenset[str]]:
    """What each module calls, by its last name."""
    return {place: frozenset(name for name, _ in calls(tree)) for place, tree in sources()}


def makers(kind: Any) -> list[str]:
    """The modules that make an event."""
    return [place for place, names in called().items() if kind.__name__ in names]


def security_log() -> str:
    """The page."""
    log: Any = feature_class("audit_log")()
    kept = f"`OSTIARY_AUDIT_LOG_KEEP`, `{log.keep}`" if hasattr(log, "keep") else "until you remove it"
    rows = []
    for kind in event_classes():
        carried = [field.name for field in fields(kind) if field.name not in {"at", "subject", "network"}]
        rows.append(
            (
                f"`{kind.name()}`",
                " ".join((kind.__doc__ or "").split("\n\n")[0].split()),
                ", ".join(f"`{name}`" for name in carried),
                "<br>".join(f"`{place}`" for place in makers(kind)),
            )
        )
    return page(
        "# The security log\n",
        "What is on record (ASVS 5.0 V16.1.1). `AuditLog` is on in every application.\n",
        "## Where\n",
        table(
            ["", "what", "form", "for how long"],
            [
                (
                    "the table `ostiary_audit`",
                    "every event that belongs to a transaction: sign-ins, failures, sign-outs, changes",
                    "a row, written in that transaction: no action without its row, no row without its action",
                    f"{kept}: `ostiary audit` shows it and exports JSON lines",
                ),
                (
                    "the logger `ostiary.security`",
                    "every event, also refusals that change nothing (CSRF, limits, denied access, bad credentials)",
                    "one line of JSON, level INFO: `at` (RFC 3339, UTC), `event`, `subject`, `network`, then what it carries",
                    "as long as your logging keeps it",
                ),
            ],
        ),
        "No secret is ever in it: no password, token, cookie, code or key. What a stranger wrote is cut at 500 characters and\n"
        "escaped.\n",
        "## What\n",
        "Each has the instant, the subject as far as there is one, and the network.\n",
        table(["event", "when", "also says", "from"], rows),
    )
