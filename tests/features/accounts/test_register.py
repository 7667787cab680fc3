"""Making an account: checked first, then all of it or nothing."""

from dataclasses import dataclass, field

import pytest
from tests.features.accounts.conftest import FIELDS
from tests.shop import NOON

from ostiary import Accounts, ConfigurationError
from ostiary.events import Registered, RegistrationRefused
from ostiary.features.accounts import AccountState, IdentifierTaken
from ostiary.features.accounts.store import accounts as accounts_table
from ostiary.kernel.errors import FieldError, ValidationFailed


@dataclass
class Part:
    """A part of accounts that keeps what it is given; "weak" is refused."""

    prepared: list = field(default_factory=list)
    applied: list = field(default_factory=list)

    def prepare(self, value, new):
        if value == "weak":
            raise ValidationFailed(FieldError("password", "weak", "This is too easy to guess."))
        self.prepared.append((value, new.identifiers, dict(new.fields)))
        return f"prepared {value}"

    def apply(self, tx, account, prepared):
        self.applied.append((account.id, prepared))


@pytest.fixture
def settings():
    return Accounts(identifiers=("email", "username", "phone"), fields=FIELDS)


@pytest.fixture
def ada(accounts):
    return accounts.create(email="ada@shop.example", username="ada", fields={"display_name": "Ada"})


def count(shop):
    from sqlalchemy import func, select

    with shop.database.read() as connection:
        return connection.execute(select(func.count()).select_from(accounts_table)).scalar_one()


def codes(failed):
    return [(error.field, error.code) for error in failed.value.errors]


def test_an_account_is_what_it_was_made_of(accounts, clock):
    made = accounts.create(
        email="Ada@Shop.example",
        username="AdaL",
        phone="+44 20 7946 0958",
        fields={"display_name": " Ada ", "age": "36"},
    )
    assert (made.email, made.username, made.phone) == ("Ada@shop.example", "AdaL", "+442079460958")
    assert (made.state, made.verified, made.created_at) == (AccountState.ACTIVE, True, NOON)
    assert made.attributes == {"display_name": "Ada", "age": 36, "news": False}
    assert accounts.get(made.id) == made


def test_an_account_whose_address_nobody_has_verified_is_unverified(accounts):
    made = accounts.create(email="ada@shop.example", verified=False, fields={"display_name": "Ada"})
    assert (made.state, made.verified) == (AccountState.UNVERIFIED, False)
    assert accounts.get(made.id).identifiers[0].verified_at is None


def test_an_account_without_an_address_has_nothing_to_verify(accounts):
    made = accounts.create(username="ada", verified=False, fields={"display_name": "Ada"})
    assert (made.state, made.verified) == (AccountState.ACTIVE, True)


def test_everything_that_is_wrong_is_said_at_once(accounts, shop):
    accounts.add_part("password", Part())
    with pytest.raises(ValidationFailed) as failed:
        accounts.create(email="no", username="a b", password="weak", fields={"age": "old"})
    assert codes(failed) == [
        ("email", "not_an_address"),
        ("username", "not_a_username"),
        ("display_name", "required"),
        ("age", "not_a_number"),
        ("password", "weak"),
    ]
    assert failed.value.status == 422
    assert count(shop) == 0


def test_an_account_needs_something_to_sign_in_with(accounts):
    with pytest.raises(ValidationFailed) as failed:
        accounts.create(email="", fields={"display_name": "Ada"})
    assert codes(failed) == [("email", "required")]


@pytest.mark.asvs("V15.3.5")
@pytest.mark.parametrize("fields", [5, "text", [1], True])
def test_fields_that_are_no_object_are_refused(accounts, fields):
    with pytest.raises(ValidationFailed) as failed:
        accounts.parse(email="ada@shop.example", fields=fields)
    assert ("fields", "not_an_object") in codes(failed)


@pytest.mark.attack("N16")
@pytest.mark.asvs("V15.3.3")
def test_what_is_not_declared_is_ignored(accounts):
    given = {
        "display_name": "Ada",
        "is_admin": True,
        "role": "admin",
        "email_verified": True,
        "id": "1",
        "state": "active",
    }
    made = accounts.create(email="ada@shop.example", verified=False, fields=given)
    assert made.attributes == {"display_name": "Ada", "age": None, "news": False}
    assert made.state is AccountState.UNVERIFIED


@pytest.mark.attack("I10")
def test_a_weak_password_is_refused_whether_or_not_the_address_has_an_account(accounts, ada):
    accounts.add_part("password", Part())
    answers = []
    for email in ("ada@shop.example", "new@shop.example"):
        with pytest.raises(ValidationFailed) as failed:
            accounts.create(email=email, password="weak", fields={"display_name": "x"})
        answers.append((codes(failed), str(failed.value)))
    assert answers[0] == answers[1]


@pytest.mark.attack("I10")
def test_the_slow_work_is_done_before_anything_is_looked_up(accounts, ada):
    part = Part()
    accounts.add_part("password", part)
    with pytest.raises(IdentifierTaken):
        accounts.create(email="ada@shop.example", password="good", fields={"display_name": "x"})
    assert len(part.prepared) == 1
    assert part.applied == []


def test_a_part_sees_what_the_account_is_made_of_and_is_kept_with_it(accounts):
    part = Part()
    accounts.add_part("password", part)
    made = accounts.create(email="ada@shop.example", password="good", fields={"display_name": "Ada"})
    assert part.prepared[0][0] == "good"
    assert part.prepared[0][1][0].value == "ada@shop.example"
    assert part.prepared[0][2]["display_name"] == "Ada"
    assert part.applied == [(made.id, "prepared good")]


def test_nothing_is_left_of_an_account_whose_part_fails(accounts, shop):
    class Failing(Part):
        def apply(self, tx, account, prepared):
            raise RuntimeError("no")

    accounts.add_part("password", Failing())
    with pytest.raises(RuntimeError):
        accounts.create(email="ada@shop.example", password="good", fields={"display_name": "Ada"})
    assert count(shop) == 0
    assert accounts.find(email="ada@shop.example") is None
    assert shop.named() == []


def test_two_parts_of_one_name_are_a_mistake(accounts):
    accounts.add_part("password", Part())
    with pytest.raises(ValueError, match="password"):
        accounts.add_part("password", Part())


def test_what_nothing_here_keeps_is_told_with_its_cure(accounts):
    with pytest.raises(ConfigurationError, match=r"Roles\(\)"):
        accounts.create(email="ada@shop.example", roles=["admin"], fields={"display_name": "Ada"})


def test_a_prepared_password_shows_itself_nowhere(accounts):
    accounts.add_part("password", Part())
    new = accounts.parse(email="ada@shop.example", password="canary-7", fields={"display_name": "canary-8"})
    assert "canary" not in repr(new)
    assert "canary" not in repr(accounts.create(email="ada@shop.example", fields={"display_name": "canary-9"}))


# One identifier, one account


@pytest.mark.attack("S12")
@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"email": "ADA@shop.example"}, "email"),
        ({"email": "ada@SHOP.example", "username": "other"}, "email"),
        ({"email": "new@shop.example", "username": "ADA"}, "username"),
        ({"username": "аdа".replace("d", "ԁ")}, "username"),
    ],
)
def test_an_identifier_that_is_taken_makes_no_second_account(accounts, ada, shop, given, kind):
    with pytest.raises(IdentifierTaken) as taken:
        accounts.create(**given, fields={"display_name": "x"})
    assert taken.value.kind == kind
    assert count(shop) == 1
    assert accounts.find(email="new@shop.example") is None
    assert shop.named() == ["registered"]


def test_whoever_catches_that_one_is_taken_commits_nothing_of_it(accounts, ada, shop):
    new = accounts.parse(email="new@shop.example", username="ada", fields={"display_name": "x"})
    with shop.database.write() as tx:
        with pytest.raises(IdentifierTaken):
            accounts.create_in(tx, new)
        # The transaction is as good as before, also on PostgreSQL.
        made = accounts.create_in(tx, accounts.parse(email="bob@shop.example", fields={"display_name": "Bob"}))
    assert count(shop) == 2
    assert accounts.find(email="new@shop.example") is None
    assert accounts.find(email="bob@shop.example").id == made.id


# Those who listen


def test_the_log_says_what_sort_of_identifiers_and_not_which(accounts, ada, shop):
    [(event, subject, detail)] = shop.audit()
    assert (event, subject) == ("registered", ada.id)
    assert detail == {"identifiers": ["email", "username"]}


def test_a_hook_gets_the_fields_and_then_the_account_keeps_none(accounts, shop):
    heard = []
    shop.auth.during(Registered)(lambda event, tx: heard.append((event.account.id, dict(event.fields))))
    made = accounts.create(email="ada@shop.example", fields={"display_name": "Ada"})
    assert heard == [(made.id, {"display_name": "Ada", "age": None, "news": False})]
    assert made.attributes == {}
    assert accounts.get(made.id).attributes == {}


def test_a_listener_after_the_commit_takes_no_fields(accounts, shop):
    shop.auth.on(Registered)(lambda event: None)
    assert accounts.create(email="ada@shop.example", fields={"display_name": "Ada"}).attributes["display_name"] == "Ada"


@pytest.mark.attack("X7")
@pytest.mark.parametrize(
    "error", [RegistrationRefused("Not today."), RegistrationRefused("Not you.", field="email"), KeyError("x")]
)
def test_a_hook_that_raises_leaves_no_account(accounts, shop, error):
    def refuse(event, tx):
        raise error

    shop.auth.during(Registered)(refuse)
    with pytest.raises(type(error)):
        accounts.create(email="ada@shop.example", fields={"display_name": "Ada"})
    assert count(shop) == 0
    assert shop.named() == []
    assert shop.events == []


def test_a_refusal_names_its_field():
    refused = RegistrationRefused("Only for our own.", field="email")
    assert (refused.code, refused.status, refused.public_message) == ("registration_refused", 422, "Only for our own.")
    assert refused.members == {"errors": [{"field": "email", "code": "refused", "message": "Only for our own."}]}
    assert RegistrationRefused("Not today.").errors == ()
