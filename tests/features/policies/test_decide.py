"""Deciding: every policy must allow, none is a denial, and whatever goes wrong is one."""

import logging

import pytest
from tests.features.policies.library import NOW, Article, Held, Library, Share
from tests.shop import NOON

from ostiary import ConfigurationError
from ostiary.events import PolicyFailed
from ostiary.features.policies.context import PolicyContext
from ostiary.kernel.decision import Change, Decision, Reason, denied
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.factor import Factor
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.policies import Allow, Deny, all_of, any_of, anyone, holds, not_, owner, permitted, proven, where

OURS = Article(id=1, author_id="ada", public=True, locked=False)
THEIRS = Article(id=2, author_id="bob", public=False, locked=None)


@pytest.fixture
def library():
    return Library(Held())


@pytest.mark.asvs("V8.2.1")
def test_a_missing_policy_denies(library):
    decision = library.decide("edit", OURS)
    assert (decision.allowed, decision.code) == (False, "no_policy")
    library.policy("read")(anyone())
    assert library.can("read", OURS)
    assert not library.can("edit", OURS)


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (True, True),
        (Allow(), True),
        (Allow("its author"), True),
        (Decision(allowed=True), True),
        (owner("author_id"), True),
        (False, False),
        (None, False),
        (Deny(), False),
        (Deny("locked", code="locked"), False),
        (denied("locked", "it is locked"), False),
        (not_(owner("author_id")), False),
    ],
)
def test_a_policy_answers_allow_deny_a_truth_value_a_decision_or_a_rule(library, answer, allowed):
    @library.policy("edit")
    def edit(principal, article):
        return answer

    assert library.can("edit", OURS) is allowed
    assert library.decide("edit", OURS).allowed is allowed


@pytest.mark.attack("V13")
@pytest.mark.parametrize("answer", [1, "yes", [True], object(), type("Row", (), {})])
def test_an_answer_that_is_merely_true_denies(library, answer):
    @library.policy("edit")
    def edit(principal, article):
        return answer

    assert library.decide("edit", OURS).code == "policy_failed"
    assert library.events[-1].error == "TypeError"


@pytest.mark.attack("V13")
@pytest.mark.asvs("V16.5.3")
def test_a_policy_that_raises_denies_and_is_logged_and_told(library, caplog):
    @library.policy("edit")
    def edit(principal, article):
        return article.no_such_attribute

    with caplog.at_level(logging.ERROR, "ostiary.policies"):
        decision = library.decide("edit", OURS)
    assert (decision.allowed, decision.code) == (False, "policy_failed")
    assert caplog.records
    (event,) = library.events
    assert isinstance(event, PolicyFailed)
    assert (event.subject, event.action, event.resource, event.error) == ("ada", "edit", "Article", "AttributeError")


@pytest.mark.asvs("V16.5.2")
def test_a_database_that_is_away_lets_nobody_pass_and_says_so(library):
    class Away:
        def roles(self, principal, on):
            raise Unavailable(detail="database")

        def places(self, principal, kind, *, role=None, permission=None):
            raise Unavailable(detail="database")

    library.rights = Away()
    library.policy("edit")(any_of(holds("editor", on=("org", Article.org_id)), anyone()))
    with pytest.raises(Unavailable):
        library.can("edit", Article(id=1, org_id="acme"))
    with pytest.raises(Unavailable):
        library.visible("edit")


@pytest.mark.attack("V13")
def test_a_policy_that_raises_denies_also_where_another_allows(library):
    library.policy("edit")(anyone())

    @library.policy("edit")
    def broken(principal, article):
        raise ZeroDivisionError

    assert not library.can("edit", OURS)


def test_a_coroutine_is_never_taken_for_an_answer(library):
    async def later():
        return True

    with pytest.raises(ConfigurationError, match="coroutine"):
        library.policy("edit")(later)

    @library.policy("edit")
    def edit(principal, article):
        return later()

    assert library.decide("edit", OURS).code == "policy_failed"


@pytest.mark.attack("V5")
def test_one_denial_is_enough_whatever_the_others_say(library):
    library.policy("edit")(owner(Article.author_id))

    @library.policy("edit")
    def locked(principal, article):
        return Deny("It is locked.", code="locked") if article.locked else Allow()

    assert library.can("edit", OURS)
    assert not library.can("edit", THEIRS)
    assert library.decide("edit", Article(author_id="ada", locked=True)).code == "locked"


@pytest.mark.attack("V5")
def test_a_policy_of_every_action_restricts_and_allows_nothing_by_itself(library):
    library.policy("*")(not_(where(Article.locked.is_(True))))
    assert library.decide("edit", OURS).code == "no_policy"
    library.policy("edit")(anyone())
    assert library.can("edit", OURS)
    assert not library.can("edit", Article(author_id="ada", locked=True))


class Document:
    author_id = "ada"
    secret = False


class Contract(Document):
    signed = False


@pytest.mark.attack("V6")
def test_a_policy_is_about_its_type_and_no_other(library):
    library.policy("read", Share)(anyone())
    library.policy("read", Contract)(anyone())
    assert not library.can("read", OURS)
    assert not library.can("read", Document())


def test_a_subclass_is_bound_by_the_policies_of_its_bases_and_by_its_own(library):
    library.policy("read", Document)(owner("author_id"))
    assert library.can("read", Contract())
    library.policy("read", Contract)(where(Article.public, test=lambda contract: contract.signed))
    assert not library.can("read", Contract())
    assert library.can("read", Document())


def test_nobody_is_denied_unless_the_policy_is_for_visitors(library):
    asked = []

    @library.policy("edit")
    def edit(principal, article):
        asked.append(principal)
        return True

    library.policy("read", visitors=True)(where(Article.public.is_(True)))
    decision = library.decide("edit", OURS, ANONYMOUS)
    assert (decision.code, decision.would_pass_if, asked) == ("not_authenticated", (Change("sign_in"),), [])
    assert library.can("read", OURS, ANONYMOUS)
    assert not library.can("read", THEIRS, ANONYMOUS)


def test_one_policy_that_is_not_for_visitors_keeps_them_out(library):
    library.policy("read", visitors=True)(anyone())
    library.policy("read")(anyone())
    assert not library.can("read", OURS, ANONYMOUS)


def test_nobody_owns_what_belongs_to_an_empty_subject(library):
    library.policy("read", visitors=True)(owner(Article.author_id))
    assert not library.can("read", Article(author_id=""), ANONYMOUS)


def test_what_is_not_there_is_denied(library):
    library.policy("edit")(anyone())
    assert library.decide("edit", None).code == "no_resource"


@pytest.mark.attack("V10")
@pytest.mark.parametrize("action", ["", "Edit", "*", "edit ", "edit\n", "éditer", "a" * 64, None, 5, ["edit"]])
def test_a_question_that_is_malformed_is_refused_and_never_allowed(library, action):
    library.policy("edit")(anyone())
    library.policy("*")(anyone())
    with pytest.raises(ConfigurationError, match="not_an_action"):
        library.decide(action, OURS)


def test_a_question_about_a_type_is_answered_by_what_looks_at_no_resource(library):
    library.policy("create")(any_of(permitted("article:create"), owner(Article.author_id)))
    assert not library.can("create", Article)
    library.rights = Held(permissions=[("ada", "article:*", None)])
    assert library.can("create", Article)


@pytest.mark.attack("V12")
def test_a_restricted_credential_needs_the_permission_of_the_action(library):
    library.policy("edit")(owner(Article.author_id))
    library.policy("read", scope="shelf:look")(owner(Article.author_id))

    def scoped(*scope):
        return Principal("ada", scope=frozenset(scope))

    assert library.can("edit", OURS, Principal("ada"))
    assert library.can("edit", OURS, scoped("article:edit"))
    assert library.can("edit", OURS, scoped("article:*"))
    assert library.can("read", OURS, scoped("shelf:look"))
    assert not library.can("read", OURS, scoped("article:read"))
    decision = library.decide("edit", OURS, scoped("article:read"))
    assert (decision.code, decision.would_pass_if) == ("insufficient_scope", (Change("scope", "article:edit"),))
    # Nor does a scope give what the person does not have.
    assert not library.can("edit", THEIRS, scoped("*"))


@pytest.mark.attack("V12")
def test_a_rule_about_a_permission_asks_the_scope_for_that_one_too(library):
    library.rights = Held(permissions=[("ada", "library:work", None)])
    library.policy("edit")(permitted("library:work"))
    assert library.can("edit", OURS)
    assert not library.can("edit", OURS, Principal("ada", scope=frozenset({"article:edit"})))
    assert library.can("edit", OURS, Principal("ada", scope=frozenset({"article:edit", "library:work"})))


@pytest.mark.asvs("V8.3.3")
def test_the_decision_is_about_the_subject_and_not_about_who_acts_for_her(library):
    library.policy("edit")(owner(Article.author_id))
    assert library.can("edit", OURS, Principal("ada", actors=("bob",)))
    assert not library.can("edit", THEIRS, Principal("ada", actors=("bob",)))


@pytest.mark.asvs("V8.2.4")
def test_who_lacks_only_a_proof_is_asked_for_it(library):
    library.policy("delete")(all_of(owner(Article.author_id), proven(factors=2, fresh="5m")))
    old = Principal("ada", factors=(Factor("password", at=NOON - 3_600_000),))
    decision = library.decide("delete", OURS, old)
    assert decision.code == "step_up_needed"
    assert [str(change) for change in decision.would_pass_if] == ["factors=2", "fresh=5m"]
    # Whoever lacks more is not: proving herself would not help her.
    assert library.decide("delete", THEIRS, old).code == "policy_denies"
    proven_now = (Factor("password", at=NOON), Factor("totp", at=NOON))
    assert library.can("delete", OURS, Principal("ada", factors=proven_now))


@pytest.mark.attack("V7")
@pytest.mark.asvs("V8.2.4")
def test_no_decision_outlives_the_context_it_was_made_in(library):
    @library.policy("read")
    def from_the_office(principal, article, context):
        return context.network == "192.0.2.1" or Deny("Only from the office.", public=True)

    elsewhere = PolicyContext(at=NOON, network="203.0.113.9")
    assert library.can("read", OURS)
    assert not library.can("read", OURS, context=elsewhere)
    assert library.can("read", OURS)


@pytest.mark.attack("V6")
@pytest.mark.parametrize("wrong", [{"at": "now"}, {"at": 1.5}, {"at": True}, {"network": 5}, {"device": ["x"]}])
def test_a_context_of_other_types_is_refused(wrong):
    with pytest.raises(TypeError):
        PolicyContext(**{"at": NOON, **wrong})


def test_an_explanation_holds_every_ground_and_a_decision_those_that_were_needed(library):
    library.policy("read")(any_of(where(Article.public.is_(True)), owner(Article.author_id), holds("reader")))
    short = library.decide("read", OURS).because[0].children[0]
    full = library.decide("read", OURS, full=True).because[0].children[0]
    assert [reason.code for reason in short.children] == ["where"]
    assert [(reason.code, reason.met) for reason in full.children] == [
        ("where", True),
        ("owner", True),
        ("holds", False),
    ]


def test_a_visitor_may_read_the_public_reason_only(library):
    @library.policy("edit")
    def edit(principal, article):
        return Deny("Only its author may edit this.", public=True, code="not_author")

    @library.policy("edit")
    def secret(principal, article):
        return Deny("the fraud team watches ada")

    decision = library.decide("edit", OURS)
    assert decision.public_reason == Reason("not_author", "Only its author may edit this.", public=True)


def test_what_a_policy_claims_would_change_it_is_told(library):
    @library.policy("edit")
    def edit(principal, article):
        return Deny("not on this network", would_pass_if=(Change("factors", 2),))

    assert library.decide("edit", OURS).would_pass_if == (Change("factors", 2),)
    assert library.decide("edit", OURS, ways=False).would_pass_if == ()


def test_a_rule_is_no_truth_value():
    with pytest.raises(TypeError, match="any_of"):
        owner("author_id") or permitted("article:read")


def test_names_and_rules_are_not_joined_with_one_another():
    with pytest.raises(TypeError):
        any_of("admin", owner("author_id"))
    assert str(any_of(owner("author_id"))) == "owner(author_id)"


@pytest.mark.asvs("V8.2.3")
class TestFields:
    @pytest.fixture(autouse=True)
    def policies(self, library):
        library.policy("read")(any_of(where(Article.public.is_(True)), owner(Article.author_id)))
        library.policy("read", fields=["status", "stars"])(anyone())
        library.policy("read", fields=["notes", "stars"])(owner(Article.author_id))

    def test_a_field_is_hers_if_every_policy_that_names_it_allows(self, library):
        assert library.fields("read", OURS) == {"status", "stars", "notes"}
        assert library.fields("read", OURS, "bob") == {"status"}

    def test_a_field_that_no_policy_names_is_nobodys(self, library):
        assert "editor_id" not in library.fields("read", OURS)

    def test_whoever_may_not_read_it_may_read_no_field_of_it(self, library):
        assert library.fields("read", THEIRS) == frozenset()

    def test_what_may_be_read_says_nothing_about_what_may_be_written(self, library):
        assert library.fields("edit", OURS) == frozenset()

    def test_a_policy_of_fields_does_not_speak_for_the_resource(self, library):
        library.policy("list", fields=["status"])(anyone())
        assert library.decide("list", OURS).code == "no_policy"

    def test_visitors_read_the_fields_that_are_for_visitors(self, library):
        library.policy("show", visitors=True)(anyone())
        library.policy("show", fields=["status"], visitors=True)(anyone())
        library.policy("show", fields=["notes"])(anyone())
        assert library.fields("show", OURS, ANONYMOUS) == {"status"}

    def test_a_policy_of_fields_that_raises_hides_them(self, library):
        @library.policy("read", fields=["status"])
        def broken(principal, article):
            raise ZeroDivisionError

        assert library.fields("read", OURS) == {"stars", "notes"}

    def test_a_restricted_credential_reads_the_fields_of_its_scope(self, library):
        assert library.fields("read", OURS, Principal("ada", scope=frozenset({"article:read"}))) == {
            "status",
            "stars",
            "notes",
        }
        assert library.fields("read", OURS, Principal("ada", scope=frozenset({"article:edit"}))) == frozenset()


def test_the_context_is_given_to_whoever_names_it(library):
    seen = []

    @library.policy("read")
    def read(principal, context):
        seen.append(context)
        return anyone()

    assert library.can("read", OURS)
    assert seen == [NOW]
