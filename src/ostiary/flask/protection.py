"""Closed applications, protected blueprints, guards in the wrong place: what is found before the first view runs."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from flask import Blueprint, Flask
from flask.views import MethodView

from ostiary.flask.guard import GUARDED, Check, Guard, checks_of, is_public
from ostiary.kernel.errors import Problem
from ostiary.kernel.requirement import Requirement
from ostiary.runtime.assembly import Assembly, unmet

# Flask's own endpoint for files; they are on the disk for everybody to see.
_STATIC = "static"


class Protection:
    """What an application declared about its views."""

    __slots__ = ("_blueprints", "_public_blueprints", "_wrapped", "closed", "own")

    def __init__(self, *, closed: bool) -> None:
        self.closed = closed
        self.own = "ostiary"
        self._blueprints: list[tuple[Blueprint | str, Guard]] = []
        self._public_blueprints: list[Blueprint] = []
        self._wrapped: list[tuple[Callable[..., Any], Callable[..., Any]]] = []

    def protect(self, blueprint: Blueprint | str, guard: Guard) -> None:
        """Every view of the blueprint, and of those inside it, gets the guard."""
        self._blueprints.append((blueprint, guard))

    def open(self, blueprint: Blueprint) -> None:
        """Every view of the blueprint is open to everybody."""
        self._public_blueprints.append(blueprint)

    def remember(self, view: Callable[..., Any], guarded: Callable[..., Any]) -> None:
        """A function was wrapped by a guard."""
        self._wrapped.append((view, guarded))

    def apply(self, app: Flask, assembly: Assembly) -> list[Problem]:
        """Wrap the views of protected blueprints, and find what is wrong. May run again: it wraps nothing twice."""
        problems: list[Problem] = []
        for blueprint, guard in self._blueprints:
            problems += self._guard_blueprint(app, blueprint, guard)
        problems += self._misplaced(app)
        problems += _no_sign_in_page(app, assembly)
        if self.closed:
            problems += self._undeclared(app)
        for endpoint, view in app.view_functions.items():
            for check in all_checks(view):
                problems += unmet(check.requirement, assembly, f"the guard of {endpoint!r}")
        return problems

    def _guard_blueprint(self, app: Flask, blueprint: Blueprint | str, guard: Guard) -> Iterator[Problem]:
        found = False
        for endpoint in _endpoints_of(app, blueprint):
            found = True
            view = app.view_functions[endpoint]
            open_to_all = is_public(view) or self._in_public_blueprint(app, endpoint)
            if not open_to_all and not set(guard.checks) <= set(checks_of(view)):
                app.view_functions[endpoint] = guard(view)
        if not found:
            name = blueprint if isinstance(blueprint, str) else blueprint.name
            yield Problem(
                code="protects_nothing",
                what=f"auth.protect({name!r}) protects nothing: no view of that blueprint is registered",
                cure="register the blueprint, or mend its name",
            )

    def _misplaced(self, app: Flask) -> Iterator[Problem]:
        """A guard above ``@app.route``: the view was registered without it, and is open."""
        registered = {id(view) for view in app.view_functions.values()}
        for view, guarded in self._wrapped:
            if id(view) in registered and id(guarded) not in registered:
                endpoint = next(name for name, one in app.view_functions.items() if one is view)
                yield Problem(
                    code="guard_above_route",
                    what=f"{endpoint!r} is not guarded: @auth.require stands above its route, so the route has the bare view",
                    cure="put @auth.require below @app.route",
                )

    def _undeclared(self, app: Flask) -> Iterator[Problem]:
        for endpoint, view in app.view_functions.items():
            if (
                endpoint.startswith(f"{self.own}.")
                or is_static(app, endpoint)
                or is_public(view)
                or self._in_public_blueprint(app, endpoint)
                or _is_guarded(view)
            ):
                continue
            yield Problem(
                code="undeclared_view",
                what=f"{endpoint!r} says neither who may call it nor that everybody may, and the application is closed",
                cure="put @auth.require or @auth.public below its route",
            )

    def _in_public_blueprint(self, app: Flask, endpoint: str) -> bool:
        return any(endpoint in _endpoints_of(app, blueprint) for blueprint in self._public_blueprints)


def is_static(app: Flask, endpoint: str) -> bool:
    """Whether this is Flask's own view of a folder of files, and not one that happens to have its name."""
    owner, _, name = endpoint.rpartition(".")
    scaffold = app.blueprints.get(owner) if owner else app
    return name == _STATIC and scaffold is not None and scaffold.has_static_folder


def _endpoints_of(app: Flask, blueprint: Blueprint | str) -> list[str]:
    """The endpoints of a blueprint and of those nested in it, under every name it was registered by."""
    if isinstance(blueprint, str):
        names = [blueprint]
    else:
        names = [name for name, one in app.blueprints.items() if one is blueprint]
    return [endpoint for endpoint in app.view_functions if any(endpoint.startswith(f"{name}.") for name in names)]


def _is_guarded(view: Callable[..., Any]) -> bool:
    if checks_of(view):
        return True
    # A MethodView may guard each of its methods instead of the whole; one bare method leaves it open.
    methods = _methods_of(view)
    return bool(methods) and all(
        getattr(method, GUARDED, ()) or getattr(method, "__ostiary_public__", False) for method in methods
    )


def _methods_of(view: Callable[..., Any]) -> list[Callable[..., Any]]:
    view_class = getattr(view, "view_class", None)
    if not isinstance(view_class, type) or not issubclass(view_class, MethodView):
        return []
    return [
        getattr(view_class, method.lower())
        for method in view_class.methods or ()
        if hasattr(view_class, method.lower())
    ]


def _no_sign_in_page(app: Flask, assembly: Assembly) -> Iterator[Problem]:
    """A page that is not there would be a 500 for the first visitor who is not signed in."""
    page: str | None = getattr(assembly.get("sign_in"), "page", None)
    if page is not None and page not in app.view_functions:
        near = get_close_matches(page, app.view_functions, n=1)
        yield Problem(
            code="no_sign_in_page",
            what=f"SignIn(page={page!r}) names an endpoint that this application has not",
            cure=f"write {near[0]!r}" if near else "name the endpoint of your sign-in view, as for url_for",
        )


def requirements_of(app: Flask) -> tuple[Requirement, ...]:
    """What the guards of an application's views demand, each once."""
    found = (check.requirement for view in app.view_functions.values() for check in all_checks(view))
    return tuple(dict.fromkeys(found))


def all_checks(view: Callable[..., Any]) -> list[Check]:
    """What guards a view, or any of its methods."""
    checks = list(checks_of(view))
    for method in _methods_of(view):
        checks += getattr(method, GUARDED, ())
    return checks
