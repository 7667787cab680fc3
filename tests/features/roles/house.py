"""A shop with roles, on both databases: what tests of roles visit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import request
from tests.shop import Browser, FrozenClock, Shop, hashed, open_shop

from ostiary import Roles
from ostiary.features.roles import RoleActions
from ostiary.features.roles.rights import RoleRights
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Rights
from ostiary.storage.database import Database

ROLES = {
    "owner": ["editor", "member:*", "role:*"],
    "editor": ["writer", "article:*"],
    "writer": ["article:write"],
    "reader": ["article:read"],
    "root": ["*"],
    "boss": [],
}


@dataclass
class House:
    """The shop with what a test of roles asks for."""

    shop: Shop
    clock: FrozenClock

    @property
    def roles(self) -> RoleActions:
        return self.shop.runtime.action("roles", RoleActions)

    @property
    def rights(self) -> RoleRights:
        found = self.shop.runtime.resources[Rights]
        assert isinstance(found, RoleRights)
        return found

    @property
    def database(self) -> Database:
        return self.shop.database

    def browser(self, who: str) -> Browser:
        """A browser somebody is signed in on."""
        browser = self.shop.browser()
        assert browser.vouch(who).status_code == 200
        return browser

    def principal(self, subject: str = "ada", **facts: object) -> Principal:
        """Somebody as a guard meets her: with the version of her rights as it is now."""
        version = self.roles.held(subject).version
        return Principal(subject, **{"rights_version": version, **facts})


PEOPLE = ("ada", "bob", "eve", "kim")


@contextmanager
def open_house(
    url: str, *, clock: FrozenClock | None = None, roles: Roles | None = None, further: tuple = (), **kwargs: object
) -> Iterator[House]:
    """A shop with roles, which is closed afterwards."""
    clock = clock or FrozenClock()
    users = {name: hashed() for name in PEOPLE}
    features = (roles or Roles(ROLES, default=["reader"]), *further)
    with open_shop(url, clock=clock, users=users, further=features, **kwargs) as shop:
        _add_views(shop)
        yield House(shop, clock)


def _add_views(shop: Shop) -> None:
    app, auth = shop.app, shop.auth

    @app.get("/tenant")
    @auth.require
    def tenant() -> dict[str, object]:
        return {"tenant": auth.principal.tenant}

    @app.route("/role/<name>", methods=["GET", "POST"])
    @auth.require
    def in_role(name):
        auth.check(role=name)
        return {}

    @app.get("/<org>/role/<name>")
    @auth.require
    def in_role_there(org, name):
        auth.check(role=name, on="org")
        return {}

    @app.get("/may/<permission>")
    @auth.require
    def may(permission):
        auth.check(permission=permission)
        return {}

    @app.get("/<org>/articles")
    @auth.require("article:read", on="org")
    def articles(org):
        return {}

    @app.post("/<org>/give")
    @auth.require
    def give(org):
        given = auth.roles.assign(request.form["who"], request.form["role"], on=("org", org))
        return {"given": given}

    @app.post("/<org>/take")
    @auth.require
    def take(org):
        return {"taken": auth.roles.revoke(request.form["who"], request.form["role"], on=("org", org))}

    @app.post("/give")
    def give_everywhere():
        by = request.form.get("by")
        return {"given": auth.roles.assign(request.form["who"], request.form["role"], by=by)}
