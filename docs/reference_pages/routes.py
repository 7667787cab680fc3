"""Every address of ours: which feature answers it, how, to whom, and how often."""

from typing import Any

from reference_pages.source import features, page, table


def routes_by_feature() -> dict[str, list[Any]]:
    """The routes of each feature that has any, where every feature is on with its defaults."""
    on = features()
    found = {name: list(feature.routes(on)) for name, feature in on.items()}
    return {name: routes for name, routes in found.items() if routes}


def demand(requirement: Any) -> str:
    """What a caller has to be, in words."""
    if requirement is None:
        return "nobody: open to everybody"
    words = ["signed in"]
    if requirement.permission:
        words.append(f"holds `{requirement.permission}`")
    if requirement.role is not None:
        words.append(f"role {_names(requirement.role)}")
    if requirement.via is not None:
        words.append(f"by {_names(requirement.via)}")
    if requirement.factors > 1:
        words.append(f"{requirement.factors} factors")
    if requirement.fresh is not None:
        words.append(f"proven in the last {requirement.fresh // 1000} seconds")
    if requirement.phishing_resistant:
        words.append("a proof that resists phishing")
    return ", ".join(words)


def _names(names: Any) -> str:
    joined = " and " if names.mode == "all" else " or "
    return joined.join(f"`{name}`" for name in sorted(names.names))


def routes() -> str:
    """The page."""
    parts = [
        "# Addresses\n",
        (
            "Where a feature is on, it answers these, below the `url_prefix` of `Auth` (`/auth` if nothing else is said). A\n"
            "request that changes something is a POST or DELETE, and a browser's must come from a page of yours. Pages are\n"
            "answered to whoever asks for `text/html` by navigating, JSON to everybody else. Some are there only beside others:\n"
            'registration, say, only where `Accounts(registration="open")`.\n'
        ),
    ]
    for name, found in routes_by_feature().items():
        rows = [
            (
                f"`{route.method} {route.rule}`",
                f"`{route.endpoint}`",
                demand(route.requires),
                route.limit or "",
                route.about,
            )
            for route in sorted(found, key=lambda route: (route.rule, route.method))
        ]
        parts += [f"## {name}\n", table(["address", "endpoint", "asks for", "per network", ""], rows)]
    return page(*parts)
