"""Assembly: the features an application lists, and those they bring, in an order in which each finds what it needs.

Nothing is imported that is not switched on. What is wrong is collected, and told all at once.
"""

from collections.abc import Iterable
from importlib import import_module
from importlib.resources import files
from typing import cast

from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import Problem
from ostiary.kernel.factor import CATEGORIES, Category
from ostiary.kernel.feature import Feature
from ostiary.kernel.requirement import Requirement
from ostiary.kernel.settings import Sources, resolve, setting_names
from ostiary.web.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The features that are on, resolved, each after those it requires."""

    features: tuple[Feature, ...]

    def __contains__(self, name: str) -> bool:
        return any(feature.name == name for feature in self.features)

    def get(self, name: str) -> Feature | None:
        """The resolved value of a feature that is on."""
        return next((feature for feature in self.features if feature.name == name), None)

    def stores(self) -> bool:
        """Whether any feature needs a database."""
        return any(feature.stores() for feature in self.features)

    def routes(self) -> tuple[Route, ...]:
        """Every address of ours, each once: two methods that bring the sign-in page bring the same one."""
        on = {feature.name: feature for feature in self.features}
        found = (route for feature in self.features for route in feature.routes(on) if isinstance(route, Route))
        return tuple({(route.rule, route.method): route for route in found}.values())

    def deployment_problems(self) -> tuple[Problem, ...]:
        """What the features that are on miss for production."""
        return tuple(problem for feature in self.features for problem in feature.deployment_problems())

    def mails(self) -> frozenset[str]:
        """The templates of every mail that is sent here."""
        return frozenset[str]().union(*(feature.mails() for feature in self.features))

    def setting_names(self) -> frozenset[str]:
        """The names of every setting, without the prefix."""
        return setting_names(type(feature) for feature in self.features)


def all_feature_names() -> frozenset[str]:
    """The names of every feature there is, on or not: the folders of ``ostiary.features``."""
    return frozenset(
        entry.name for entry in files("ostiary.features").iterdir() if entry.is_dir() and not entry.name.startswith("_")
    )


def feature_class(name: str) -> type[Feature]:
    """The class behind a feature's name: ``sign_in`` is ``SignIn`` in ``ostiary.features.sign_in``."""
    module = import_module(f"ostiary.features.{name}")
    return cast("type[Feature]", getattr(module, "".join(part.capitalize() for part in name.split("_"))))


def every_feature() -> tuple[Feature, ...]:
    """Every feature there is, with its defaults: for commands that serve no application in particular."""
    return tuple(feature_class(name)() for name in sorted(all_feature_names()))


def assemble(listed: Iterable[object], sources: Sources, problems: list[Problem]) -> Assembly:
    """Order and resolve the features; what is wrong is added to ``problems``."""
    given: dict[str, Feature] = {}
    for value in listed:
        found = _as_feature(value, problems)
        if found is None:
            continue
        if found.name in given:
            what = f"{type(found).__name__}(…) is listed twice"
            problems.append(Problem(code="feature_listed_twice", what=what, cure="list it once, with all its settings"))
        given.setdefault(found.name, found)
    ordered: dict[str, Feature] = {}
    for name in list(given):
        _place(name, given, ordered, sources, problems, under_way=())
    for feature in ordered.values():
        problems.extend(_problems_of(feature))
    assembly = Assembly(features=tuple(ordered.values()))
    problems.extend(_policy_problems(assembly))
    problems.extend(_carrier_problems(assembly))
    return assembly


def _as_feature(value: object, problems: list[Problem]) -> Feature | None:
    if isinstance(value, Feature):
        return value
    if isinstance(value, type) and issubclass(value, Feature):
        cure = f"write {value.__name__}() with parentheses"
        problems.append(Problem(code="feature_not_constructed", what=f"{value.__name__} is a class", cure=cure))
    else:
        cure = "list features, such as Sessions() and Passwords(…)"
        problems.append(Problem(code="not_a_feature", what=f"{value!r} is not a feature", cure=cure))
    return None


def _place(
    name: str,
    given: dict[str, Feature],
    ordered: dict[str, Feature],
    sources: Sources,
    problems: list[Problem],
    under_way: tuple[str, ...],
) -> None:
    if name in ordered or name in under_way:
        return
    value = given[name] if name in given else feature_class(name)()
    resolved = resolve(value, sources, problems)
    for required in resolved.required():
        _place(required, given, ordered, sources, problems, (*under_way, name))
    ordered[name] = resolved


def _problems_of(feature: Feature) -> Iterable[Problem]:
    try:
        return tuple(feature.problems())
    except ValueError:
        # A setting that cannot be read has been told already; what follows from it would only repeat it.
        return ()


def unmet(requirement: Requirement, assembly: Assembly, where: str) -> list[Problem]:
    """What in this requirement nothing in the application can ever meet: it would refuse everybody, for ever."""
    problems: list[Problem] = []

    def add(what: str, cure: str) -> None:
        problems.append(Problem(code="requirement_cannot_be_met", what=f"{where} asks for {what}", cure=cure))

    if (requirement.role is not None or requirement.permission is not None) and "roles" not in assembly:
        asked = f"permission {requirement.permission!r}" if requirement.permission else f"role {requirement.role}"
        add(f"{asked}, and nothing here grants roles or permissions", "add Roles({…}) to the features")
    for name in requirement.role.names if requirement.role is not None and "roles" in assembly else ():
        from ostiary.features.roles.definitions import LONGEST_NAME, is_role_name  # roles are on

        if not is_role_name(name):
            cure = f"lower-case letters, digits, _ and -, beginning with a letter, at most {LONGEST_NAME} of them"
            add(f"the role {name!r}, and no role can be called so", cure)
    kinds = frozenset[str]().union(*(feature.credential_kinds() for feature in assembly.features))
    if not kinds:
        add("somebody who is signed in, and nothing here reads a credential", "add Sessions() to the features")
    elif requirement.via is not None:
        missing = [name for name in requirement.via.names if name not in kinds]
        if missing:
            have = ", ".join(sorted(kinds)) or "none"
            add(f"via={missing[0]!r}, and no feature reads such a credential", f"the kinds here are: {have}")
    problems.extend(_unmet_proof(requirement, assembly, where))
    return problems


def _unmet_proof(requirement: Requirement, assembly: Assembly, where: str) -> Iterable[Problem]:
    proofs = provable(assembly)
    code = "requirement_cannot_be_met"
    cure = f'let the application vouch for it, SignIn(vouches=("totp",)); provable here: {", ".join(sorted(proofs))}'
    if requirement.proof is not None:
        unknown = [name for name in requirement.proof.names if name not in CATEGORIES]
        absent = [name for name in requirement.proof.names if name not in proofs]
        if unknown:
            kinds = ", ".join(sorted(CATEGORIES))
            what = f"{where} asks for proof={unknown[0]!r}, which is no kind of proof"
            yield Problem(code=code, what=what, cure=f"the kinds are {kinds}")
        elif absent and (requirement.proof.mode == "all" or len(absent) == len(requirement.proof.names)):
            yield Problem(code=code, what=f"{where} asks for a proof nobody can give: {requirement.proof}", cure=cure)
    categories = frozenset[Category]().union(*(CATEGORIES[kind] for kind in proofs))
    if requirement.factors > len(categories):
        what = f"{where} asks for factors={requirement.factors}, and {len(categories)} can be proven"
        yield Problem(code=code, what=what, cure=cure)
    if requirement.phishing_resistant and proofs.isdisjoint({"passkey", "verified_passkey"}):
        what = f"{where} asks for a proof that resists phishing, and none here does"
        yield Problem(code=code, what=what, cure=cure)


def _policy_problems(assembly: Assembly) -> Iterable[Problem]:
    """A sign-in policy that asks for more factors than can be proven here would sign nobody in."""
    policy = getattr(assembly.get("sign_in"), "policy", None)
    if isinstance(policy, int):
        yield from _unmet_proof(Requirement(factors=policy), assembly, f"SignIn(policy={policy})")
        if policy > 1 and "remember_me" in assembly:
            yield Problem(
                code="remembered_never_enough",
                what=f"SignIn(policy={policy}) asks everybody for {policy} factors, and a remembered browser proves none: "
                "RememberMe() would never let anybody in",
                cure="leave RememberMe() out, or let policy be a function that asks some for one factor",
            )


def _carrier_problems(assembly: Assembly) -> Iterable[Problem]:
    """Two carriers for one browser: a sign-in gives it a session, and its token cookies would never be set."""
    if getattr(assembly.get("tokens"), "cookies", False) and "sessions" in assembly:
        yield Problem(
            code="token_cookies_beside_sessions",
            what="Tokens(cookies=True) and Sessions() are both on: a sign-in in a browser gives a session, and no token cookies",
            cure="remove cookies=True, since a site of one's own needs only Sessions(); or remove Sessions()",
        )


def provable(assembly: Assembly) -> frozenset[str]:
    """The kinds of proof somebody can give here: by a feature, or because the application vouches for it.

    An application may always check a password, or something it does not name, by itself.
    """
    return frozenset({"app", "password"}).union(*(feature.proofs() for feature in assembly.features))
