"""Advice about a deployment: what would start, and still goes wrong later. Each with a stable code and its cure.

Problems stop a start (``deployment.py``, the features' ``problems``); advice stops nothing. Both are shown by
``ostiary check``.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ostiary.kernel.clock import DAY, HOUR
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.duration import milliseconds, spell_duration
from ostiary.kernel.errors import ConfigurationError, Problem, Unavailable
from ostiary.kernel.requirement import Requirement
from ostiary.runtime.assembly import Assembly
from ostiary.runtime.deployment import Deployment

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ostiary.storage.database import Database

# NIST SP 800-63B-4 §3.1.1.2: the least length of a password that is the only factor.
_LEAST_ALONE: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found: ``problems`` stop the start, ``advice`` does not. ``development``: on a developer's machine."""

    development: bool
    problems: tuple[Problem, ...]
    advice: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What advice is given about. ``shares_key``: the framework signs with our secret key. ``debug``: its debugger is on.

    ``asked`` is what the guards of its views demand.
    """

    assembly: Assembly
    deployment: Deployment
    database: "Database | None"
    shares_key: bool
    debug: bool
    asked: tuple[Requirement, ...] = ()


def advise(situation: Situation) -> tuple[Problem, ...]:
    """Everything that could be better. What is about the deployment is not said of a developer's machine."""
    found = list(_about_features(situation.assembly))
    found += _about_roles(situation)
    if not situation.deployment.development:
        found += _about_deployment(situation)
    return tuple(found)


# --- the deployment -----------------------------------------------------------------------------------------


def _about_deployment(situation: Situation) -> Iterator[Problem]:
    deployment, database = situation.deployment, situation.database
    if database is not None and (file := database.file) is not None:
        yield Problem(
            code="sqlite_in_production",
            what=f"everything is kept in the file {file}: with a container's disk, everybody's accounts go at its next start",
            cure="put that folder on a volume and keep to one machine, or set OSTIARY_DATABASE_URL=postgresql://…",
        )
    if database is None and deployment.redis_url is None:
        yield Problem(
            code="counters_in_memory",
            what="nothing is stored here, so each process counts guesses for itself, and forgets them when it ends",
            cure="set OSTIARY_REDIS_URL, or OSTIARY_DATABASE_URL with a feature that stores something",
        )
    if situation.debug:
        yield Problem(
            code="debug_on",
            what="the debugger is on: whoever sees an error page runs programs here, and everything is as lenient as in "
            "development",
            cure="unset FLASK_DEBUG, and leave --debug and app.run(debug=True) out",
        )
    yield from _about_keys(situation)
    yield from _about_mail(deployment)


def _about_keys(situation: Situation) -> Iterator[Problem]:
    older = len(situation.deployment.key_ring) - 1
    if older:
        yield Problem(
            code="old_keys_accepted",
            what=f"OSTIARY_SECRET_KEY_FALLBACKS has {older} of before: what they signed is still believed",
            cure="remove them once `ostiary keys status` needs them no more and the longest-lived cookie has ended",
        )
    if situation.shares_key:
        yield Problem(
            code="key_is_shared",
            what="SECRET_KEY and OSTIARY_SECRET_KEY are the same: whoever learns one has both, and neither rotates alone",
            cure="make another OSTIARY_SECRET_KEY: ostiary keys rotate",
        )


def _about_mail(deployment: Deployment) -> Iterator[Problem]:
    settings: Any = deployment.mail
    if settings is None:
        return
    if settings.worker == "none":
        yield Problem(
            code="mail_is_sent_elsewhere",
            what="OSTIARY_MAIL_WORKER=none: this application sends no mail, it only puts it into the outbox",
            cure="keep `flask ostiary mail send --follow` running; `flask ostiary mail status` says what waits",
        )
    if getattr(settings.url, "security", None) == "plain":
        yield Problem(
            code="mail_without_tls",
            what="OSTIARY_MAIL_URL is smtp://: whoever reads along between here and the mail server has every link",
            cure="write smtp+starttls:// or smtps://, unless the server is on this machine or in your own network",
        )


# --- the features -------------------------------------------------------------------------------------------


def _about_features(assembly: Assembly) -> Iterator[Problem]:
    policy = getattr(assembly.get("sign_in"), "policy", None)
    two_factors = isinstance(policy, int) and policy > 1
    accounts: Any = assembly.get("accounts")
    if accounts is not None and accounts.unverified_may_sign_in and accounts.registration == "open":
        yield Problem(
            code="registration_tells",
            what="Accounts(unverified_may_sign_in=True) with open registration tells who has an account: whoever registers an "
            "address and can sign in at once knows that it had none",
            cure='leave it out: then the same mail is sent whether or not there is an account; or set registration="invited"',
        )
    passwords: Any = assembly.get("passwords")
    if passwords is not None and passwords.keeps():
        yield from _about_passwords(passwords, two_factors=two_factors)
    sessions: Any = assembly.get("sessions")
    if sessions is not None:
        yield from _about_sessions(sessions, two_factors=two_factors)


def _about_passwords(passwords: Any, *, two_factors: bool) -> Iterator[Problem]:
    if passwords.min_length is not None and passwords.min_length < _LEAST_ALONE and not two_factors:
        yield Problem(
            code="short_passwords_alone",
            what=f"Passwords(min_length={passwords.min_length}), and nobody is asked for a second factor",
            cure=f"{_LEAST_ALONE} is the least for a password alone (NIST SP 800-63B-4 §3.1.1.2): leave min_length out",
        )
    if passwords.breaches == "off":
        yield Problem(
            code="breaches_off",
            what='Passwords(breaches="off") takes passwords that attackers have lists of',
            cure='breaches="online" asks with five characters of a hash; breach_file= needs no network (ASVS 5.0 V6.2.12)',
        )


def _about_sessions(sessions: Any, *, two_factors: bool) -> Iterator[Problem]:
    # NIST SP 800-63B-4 §2.1.3 and §2.2.3: 30 days with one factor; 24 hours, and one without use, with two.
    limits = {"absolute": DAY, "idle": HOUR} if two_factors else {"absolute": 30 * DAY}
    for name, most in limits.items():
        if milliseconds(getattr(sessions, name)) > most:
            yield Problem(
                code="long_sessions",
                what=f"Sessions({name}={getattr(sessions, name)!r}) is longer than NIST SP 800-63B-4 §2 has it",
                cure=f"{spell_duration(most)} with {'two factors' if two_factors else 'one factor'}, if that standard is yours",
            )
    if sessions.cookie_domain is not None:
        yield Problem(
            code="cookie_for_subdomains",
            what=f"Sessions(cookie_domain={sessions.cookie_domain!r}) gives the session to every subdomain, and lets each of "
            "them replace it",
            cure="leave it out unless all of them are yours and as safe as this one",
        )


def _about_roles(situation: Situation) -> Iterator[Problem]:
    """Where code, database and guards disagree about roles."""
    roles: Any = situation.assembly.get("roles")
    if roles is None:
        return
    from ostiary.features.roles.definitions import Definitions  # roles are on
    from ostiary.features.roles.drift import find_drift, never_met
    from ostiary.features.roles.store import read_definitions

    definitions = Definitions(roles.roles, roles.default)
    with _reading(situation.database) as connection:
        drift = () if connection is None else find_drift(definitions, connection)
        in_database = {} if connection is None else read_definitions(connection)
    yield from (one.problem for one in drift)
    yield from never_met(definitions, in_database, situation.asked)


@contextmanager
def _reading(database: "Database | None") -> "Generator[Connection | None]":
    """A connection to a database that is up to date, or None. Makes nothing; what is wrong has been told as what it is."""
    from ostiary.storage import schema  # SQLAlchemy only with a database
    from ostiary.storage.failures import unavailable_on_failure

    connection: Connection | None = None
    if database is not None and (database.file is None or database.file.exists()):
        with suppress(ConfigurationError, Unavailable), unavailable_on_failure():
            engine = database.engine_as_it_is()
            connection = engine.connect() if schema.is_current(engine) else None
    try:
        yield connection
    finally:
        if connection is not None:
            connection.close()


# --- the database -------------------------------------------------------------------------------------------


def database_problems(database: "Database", *, migrates_itself: bool) -> tuple[Problem, ...]:
    """What is wrong with the database: it is away, or its schema is not up to date. Makes no file."""
    from ostiary.storage import schema  # SQLAlchemy only with a database
    from ostiary.storage.failures import unavailable_on_failure

    try:
        file = database.file
        if file is not None and not file.exists():
            return () if migrates_itself else (_no_file(file),)
        with unavailable_on_failure():
            schema.require_current(database)
    except ConfigurationError as error:
        return tuple(one for one in error.problems if not (migrates_itself and one.code == "schema_not_current"))
    except Unavailable as error:
        what = f"the database does not answer ({error.detail})"
        return (Problem(code="database_away", what=what, cure="is it there? OSTIARY_DATABASE_URL says where it is"),)
    return ()


def _no_file(file: Path) -> Problem:
    what = f"there is no database file {file} yet"
    return Problem(
        code="schema_not_current", what=what, cure="run `ostiary db upgrade` (or `flask ostiary db upgrade`)"
    )


def folder_problems(folder: Path) -> tuple[Problem, ...]:
    """Whether files can be made in the folder, which need not be there yet."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return ()
    return (unwritable(str(folder)),)


def unwritable(where: str) -> Problem:
    """The problem of an instance folder that takes no files."""
    return Problem(
        code="instance_folder_not_writable",
        what=f"nothing can be written into the instance folder: {where}",
        cure="give this process the right to, or set OSTIARY_DATABASE_URL (and in development OSTIARY_SECRET_KEY)",
    )
