"""``ostiary explain`` and ``ostiary policies``: why somebody may or may not, and every rule there is."""

import json
from typing import TYPE_CHECKING

import click

from ostiary.cli.account_lines import account_actions, find_accounts
from ostiary.cli.operator import Operator, no_application
from ostiary.cli.terminal import printable
from ostiary.kernel.factor import CATEGORIES, Factor
from ostiary.kernel.permission import is_permission
from ostiary.kernel.principal import ANONYMOUS, On, Principal
from ostiary.kernel.requirement import Requirement

if TYPE_CHECKING:
    from ostiary.cli.operator import Decisions
    from ostiary.kernel.decision import Decision


@click.command(epilog="Example: flask ostiary explain --subject ada@example.com --action edit --resource article:42")
@click.option(
    "--subject", help="Who asks: an account by its id or what it signs in with, or any subject. Without: a visitor."
)
@click.option(
    "--action", required=True, help="What she asks for: an action such as edit, or a permission such as order:read."
)
@click.option("--resource", metavar="TYPE:ID", help="The resource, such as article:42; or its type alone.")
@click.option("--on", "on", metavar="KIND:NAME", help="For a permission: where, such as org:acme.")
@click.option("--tenant", metavar="KIND:NAME", help="The place her credential is bound to.")
@click.option(
    "--scope", multiple=True, metavar="PERMISSION", help="What her credential is narrowed to; may be repeated."
)
@click.option("--factor", "factors", multiple=True, metavar="KIND", help="What she has just proven; may be repeated.")
@click.option("--network", metavar="ADDRESS", help="Where she would be calling from, for policies that look at it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def explain(
    operator: Operator,
    *,
    subject: str | None,
    action: str,
    resource: str | None,
    on: str | None,
    tenant: str | None,
    scope: tuple[str, ...],
    factors: tuple[str, ...],
    network: str | None,
    as_json: bool,
) -> None:
    """Say whether somebody may, because of what, and what would change it. Exit code 0 whatever the answer is."""
    decisions = _decisions(operator)
    principal = _principal(operator, subject, tenant=tenant, scope=scope, factors=factors)
    if resource is not None:
        if on is not None:
            message = "--on says where a permission is held; a resource knows where it is."
            raise click.UsageError(message)
        decision = decisions.about(principal, action, resource, network=network)
    elif is_permission(action):
        place = None if on is None else _place("--on", on)
        decision = operator.runtime.guard.decide(Requirement(permission=action), principal, place)
    else:
        message = f"{action!r} is an action, and needs --resource; a permission is resource:action."
        raise click.UsageError(message)
    _show(principal, decision, as_json=as_json)


@click.command(epilog="Example: flask ostiary policies --json > rules.json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def policies(operator: Operator, *, as_json: bool) -> None:
    """Every rule there is: of views, of resources, of fields, and what of the moment they look at."""
    decisions = _decisions(operator)
    if as_json:
        click.echo(json.dumps(decisions.matrix_as_json()))
        return
    for line in decisions.matrix_lines():
        click.echo(printable(line))


def _decisions(operator: Operator) -> "Decisions":
    if operator.decisions is None:
        raise no_application()
    return operator.decisions()


def _principal(
    operator: Operator, subject: str | None, *, tenant: str | None, scope: tuple[str, ...], factors: tuple[str, ...]
) -> Principal:
    if subject is None:
        return ANONYMOUS
    found = find_accounts(account_actions(operator), subject) if "accounts" in operator.runtime.assembly else []
    unknown = [kind for kind in factors if kind not in CATEGORIES]
    if unknown:
        message = f"{unknown[0]!r} is no kind of proof; the kinds are {', '.join(sorted(CATEGORIES))}"
        raise click.BadParameter(message, param_hint="--factor")
    now = operator.runtime.clock.now()
    return Principal(
        found[0].id if found else subject,
        factors=tuple(Factor(kind, at=now) for kind in factors),
        scope=frozenset(scope) or None,
        tenant=None if tenant is None else _place("--tenant", tenant),
    )


def _place(option: str, text: str) -> On:
    kind, colon, name = text.partition(":")
    if not (kind and colon and name):
        message = f"{text!r} is no place: write KIND:NAME, such as org:acme"
        raise click.BadParameter(message, param_hint=option)
    return kind, name


def _show(principal: Principal, decision: "Decision", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"subject": principal.subject or None, **decision.as_json()}))
        return
    for line in decision.lines():
        indent = len(line) - len(line.lstrip(" "))
        click.echo(" " * indent + printable(line[indent:]))
