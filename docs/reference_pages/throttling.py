"""Throttling: every limit there is, what it is counted against, and how a victim is not locked out by it."""

import ast
from dataclasses import fields
from typing import Any

from reference_pages.routes import routes_by_feature
from reference_pages.source import argument, calls, feature_class, feature_names, literal, page, sources, table


def setting_limits() -> list[tuple[str, str, str, str]]:
    """Limits that are settings: the name in logs, the setting, its default, what it is."""
    found = []
    for name in feature_names():
        kind = feature_class(name)
        for field in fields(kind):
            if field.name == "limit" or field.name.endswith("_limit"):
                log = f"{name}.{field.name.removesuffix('_limit')}"
                found.append((log, f"OSTIARY_{name}_{field.name}".upper(), str(field.default), field.metadata["about"]))
    return found


def route_limits() -> list[tuple[str, str, str]]:
    """Limits of addresses of ours: the name in logs, the address, the limit."""
    return [
        (f"{route.endpoint}.network", f"{route.method} {route.rule}", route.limit)
        for routes in routes_by_feature().values()
        for route in routes
        if route.limit is not None
    ]


def fixed_limits() -> list[tuple[str, str, str]]:
    """Limits that stand in the code: the name in logs, the module, the number."""
    return [
        (name, place, f"{ast.unparse(call.args[1])} per {ast.unparse(call.args[2]).lower()}")
        for place, tree in sources()
        for called, call in calls(tree)
        if called == "Limit" and (name := literal(argument(call, "name", 0))) and len(call.args) == 3
    ]


def limit_names() -> set[str]:
    """The name of every limit, as logs and the event ``rate_limited`` say it."""
    return {limit[0] for limits in (setting_limits(), route_limits(), fixed_limits()) for limit in limits}


def throttling() -> str:
    """The page."""
    sign_in: Any = feature_class("sign_in")()
    failures = sign_in.failures
    return page(
        "# Throttling\n",
        "How guessing is slowed down, and how its owner keeps her way in (ASVS 5.0 V6.1.1). A limit `10/15m` lets ten\n"
        "through at once and then one every ninety seconds (GCRA); each is counted in one atomic step of the store, so that\n"
        "of any number at once no more than that get an answer. What is refused is 429 with `Retry-After`, before any work.\n",
        "## Guesses\n",
        "Every proof of every method passes through these, whether or not the account exists.\n",
        table(
            ["limit", "setting", "default", "counted"],
            [
                (f"`{name}`", f"`{setting}`", f"`{default}`", about)
                for name, setting, default, about in setting_limits()
            ],
        ),
        "An account may have several names, each with the guesses of `sign_in.account`. Once it is known whose it is, the guess is\n"
        "counted against the account as well (`sign_in.subject` in logs): as fast, and one more at once. Beyond it the answer is\n"
        "the one for a wrong proof, also for the right one, since 429 would tell which names are one account, and so that there\n"
        "is one. The log says `too_many_guesses`; `flask ostiary forgive` and a new password give them back.\n",
        "`api_keys.limit` is no guard against guessing, which 256 random bits need not: it is how often one key may be used, and a\n"
        "key may have a limit of its own instead. Only a key that is good is counted.\n",
        "## Addresses\n",
        "Counted against the network of the caller: an address of IPv4, a /64 of IPv6.\n",
        table(["limit", "address", ""], [(f"`{n}`", f"`{a}`", f"`{limit}`") for n, a, limit in route_limits()])
        if route_limits()
        else "None.\n",
        *(
            ("## Fixed\n", table(["limit", "in", ""], [(f"`{n}`", f"`{p}`", c) for n, p, c in fixed_limits()]))
            if fixed_limits()
            else ()
        ),
        "## A hundred in a row\n",
        f"After `OSTIARY_SIGN_IN_FAILURES` (`{failures}`) wrong proofs in a row, for one account and one method, nothing is\n"
        "believed any more, not even the right one (NIST SP 800-63B-4 §3.2.2), for at most thirty days. The answer is the\n"
        "one for a wrong proof: it does not tell whether the account exists. The log says `too_many_failures`.\n",
        "## How lockout is not abused\n",
        "- A browser that has signed in to the account before carries a cookie that proves it. Its guesses are counted by\n"
        "  themselves (`sign_in.device`, and failures of its own): neither strangers who use up the account's allowance nor\n"
        "  neighbours who use up the network's keep its owner out.\n"
        "- So does the browser on which a mailed link has set a new password, where a password is enough to sign in: an owner\n"
        "  who has no other browser left gets in by a reset, however long a stranger goes on guessing.\n"
        "- A success ends the run of failures, for every browser.\n"
        "- `flask ostiary forgive SUBJECT` gives an account its guesses back.\n"
        "- Signing in to an account of one's own gives no guess back for another.\n",
        "## What cannot be dodged\n",
        "- Case, Unicode form, accents, blanks and a `+tag` are one name.\n"
        "- The network is that of the connection, or of what `OSTIARY_TRUSTED_PROXIES` proxies of yours said; headers a\n"
        "  client makes up count for nothing. Where a proxy is not stated, networks are not told apart, and only the account\n"
        "  is counted.\n"
        "- Where nothing can be counted, because the store is away, nobody may guess (503).\n",
    )
