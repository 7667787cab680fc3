"""Rules of one object: what each says, and what it says of what is not there."""

import uuid
from types import SimpleNamespace

import pytest
from tests.features.policies.library import NOW, Article, Folder, Held, Share

from ostiary.features.policies.rule import attribute_of, rule_of
from ostiary.features.policies.situation import Situation
from ostiary.features.policies.three_valued import both, compare, either, negate, spells
from ostiary.kernel.combinable import Combinable
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.policies import (
    all_of,
    any_of,
    anyone,
    attribute,
    holds,
    not_,
    owner,
    permitted,
    proven,
    related,
    shared,
    tenant,
    where,
)

ADA = Principal("ada")


def met(rule, resource=None, who=ADA, rights=None):
    return rule.judge(Situation(principal=who, context=NOW, resource=resource, rights=rights)).met


@pytest.mark.parametrize(
    ("truths", "all_", "any_"),
    [
        ([True, True], True, True),
        ([True, False], False, True),
        ([True, None], None, True),
        ([False, None], False, None),
        ([None, None], None, None),
        ([False, False], False, False),
    ],
)
def test_three_values_are_joined_as_in_sql(truths, all_, any_):
    assert (both(truths), either(truths)) == (all_, any_)
    assert negate(None) is None


@pytest.mark.parametrize(
    ("have", "op", "want", "truth"),
    [
        (None, "==", "a", None),
        ("a", "==", None, None),
        (None, "is", None, True),
        (None, "is not", None, False),
        (True, "is", True, True),
        ("a", "in", ("a", None), True),
        ("b", "in", ("a", None), None),
        ("b", "not in", ("a", None), None),
        ("b", "not in", ("a",), True),
        (None, "in", (), False),
        (None, "not in", (), True),
        (None, "in", ("a",), None),
        (3, "<", 4, True),
        (4, "<=", 4, True),
        (5, ">", 4, True),
        (None, ">", 4, None),
    ],
)
def test_a_comparison_says_what_sql_would(have, op, want, truth):
    assert compare(have, op, want) is truth


def test_a_subject_is_what_spells_it_in_one_way_only():
    guid = uuid.UUID("abcdefab-1234-5678-1234-567812345678")
    assert spells("ada", "ada")
    assert spells(7, "7")
    assert spells(guid, str(guid))
    assert spells(None, "ada") is None
    wrong = [("Ada", "ada"), (7, "07"), (7, " 7"), (7, "7.0"), (guid, str(guid).upper()), ("", "ada"), ("a\0", "a\0")]
    assert not any(spells(value, text) for value, text in wrong)
    assert not spells("\udcff", "\udcff")


@pytest.mark.parametrize("value", [True, 1.5, b"ada", ["ada"], object()])
def test_what_can_name_nobody_is_an_error_and_not_a_no(value):
    with pytest.raises(TypeError):
        spells(value, "ada")
    with pytest.raises(TypeError):
        met(holds("editor", on=("org", attribute("org_id"))), SimpleNamespace(org_id=value), rights=Held())


def test_a_class_makes_unknown_what_looks_at_an_attribute():
    assert met(owner(Article.author_id)) is None
    assert met(not_(owner(Article.author_id))) is None
    assert met(where(Article.public, test=lambda article: True)) is None
    assert met(shared(via=Article.shares, to=Share.subject)) is None
    assert met(any_of(anyone(), owner(Article.author_id))) is True
    assert met(permitted("article:read", on=("org", Article.org_id)), rights=Held()) is None


def test_a_visitor_owns_holds_and_is_bound_to_nothing():
    article = Article(author_id="", org_id="acme")
    for rule in (
        owner(Article.author_id),
        holds("reader"),
        permitted("a:b"),
        tenant(Article.org_id),
        proven(),
        proven(fresh="5m"),
    ):
        assert (
            met(rule, article, ANONYMOUS, Held(roles=[("", "reader", None)], permissions=[("", "a:b", None)])) is False
        )


def test_without_anybody_who_grants_roles_nobody_holds_any():
    assert met(holds("reader"), Article()) is False
    assert met(permitted("article:read"), Article()) is False


def test_a_role_that_is_held_everywhere_is_held_at_a_place_that_is_not_said():
    nowhere = Article(org_id=None)
    rule = holds("editor", on=("org", Article.org_id))
    assert met(rule, nowhere, rights=Held(roles=[("ada", "editor", ("org", "acme"))])) is None
    assert met(rule, nowhere, rights=Held(roles=[("ada", "editor", None)])) is True


def test_several_roles_are_named_as_in_a_guard():
    rights = Held(roles=[("ada", "reader", None)])
    assert met(holds(any_of("reader", "editor")), rights=rights) is True
    assert met(holds(all_of("reader", "editor")), rights=rights) is False


@pytest.mark.asvs("V8.4.1")
@pytest.mark.attack("V15")
def test_a_tenant_is_what_the_credential_is_bound_to_and_nothing_of_the_request():
    article = Article(org_id="acme")
    assert met(tenant(Article.org_id), article, Principal("ada", tenant=("org", "acme"))) is True
    assert met(tenant(Article.org_id), article, Principal("ada", tenant=("org", "beta"))) is False
    assert met(tenant(Article.org_id), article, Principal("ada", tenant=("team", "acme"))) is False
    assert met(tenant(Article.org_id, "team"), article, Principal("ada", tenant=("team", "acme"))) is True
    assert met(tenant(Article.org_id), article) is False


@pytest.mark.asvs("V8.4.1")
def test_a_credential_that_is_bound_elsewhere_is_kept_out_also_where_one_that_is_bound_nowhere_may():
    article = Article(org_id="acme")
    rule = tenant(Article.org_id, unbound=True)
    assert met(rule, article) is True
    assert met(rule, article, Principal("ada", tenant=("org", "acme"))) is True
    for elsewhere in (("org", "beta"), ("team", "acme")):
        assert met(rule, article, Principal("ada", tenant=elsewhere)) is None, "one that is bound nowhere would do"


@pytest.mark.asvs("V8.4.1")
@pytest.mark.attack("V12")
def test_a_credential_that_is_bound_elsewhere_opens_nothing_by_a_negation_that_its_person_is_kept_out_by():
    article = Article(org_id="acme", folder=Folder(org_id="acme"))
    deny = not_(tenant(Article.org_id, unbound=True))
    deep = not_(related(Article.folder, tenant(Folder.org_id, unbound=True)))
    for rule in (deny, deep):
        assert met(rule, article) is False
        assert met(rule, article, Principal("ada", tenant=("org", "acme"))) is False
        for elsewhere in (("org", "beta"), ("team", "acme")):
            assert met(rule, article, Principal("ada", tenant=elsewhere)) is None
    twice = not_(deny)
    assert met(twice, article, Principal("ada", tenant=("org", "beta"))) is None
    assert met(twice, article, Principal("ada", tenant=("org", "acme"))) is True


class TestRelated:
    def test_one_of_a_list_is_enough_and_what_is_unknown_is_none(self):
        rule = shared(via=Article.shares, to=Share.subject)
        assert met(rule, Article(shares=[Share(subject="bob"), Share(subject="ada")])) is True
        assert met(rule, Article(shares=[Share(subject=None)])) is False
        assert met(rule, Article(shares=[])) is False

    def test_a_single_one_is_followed_if_it_is_there(self):
        rule = related(Article.folder, owner(Folder.owner_id))
        assert met(rule, Article(folder=Folder(owner_id="ada"))) is True
        assert met(rule, Article(folder=None)) is False

    def test_a_plain_class_has_lists_sets_and_single_ones(self):
        share = SimpleNamespace(subject="ada")
        rule = related("shares", owner("subject"))
        for shares in ([share], (share,), {"a": share}, share):
            assert met(rule, SimpleNamespace(shares=shares)) is True
        assert met(rule, SimpleNamespace(shares=None)) is False

    def test_its_rule_is_about_the_related_resource_and_the_same_caller(self):
        rights = Held(permissions=[("ada", "folder:read", ("org", "acme"))])
        rule = related("folder", permitted("folder:read", on=("org", attribute("org_id"))))
        assert met(rule, SimpleNamespace(folder=SimpleNamespace(org_id="acme"), org_id="beta"), rights=rights) is True


def test_the_test_of_a_condition_answers_a_truth_value():
    assert met(where(None, test=lambda article: None), Article()) is None
    with pytest.raises(TypeError, match="True, False or None"):
        met(where(None, test=lambda article: 1), Article())


@pytest.mark.parametrize("given", [5, None, "not a name", object(), Article])
def test_only_an_attribute_of_a_class_or_its_name_is_an_attribute(given):
    with pytest.raises(TypeError):
        attribute_of(given)


@pytest.mark.parametrize("given", [True, "owner", None, Article.public])
def test_only_a_rule_is_a_rule(given):
    with pytest.raises(TypeError):
        rule_of(given)
    with pytest.raises(TypeError):
        not_(given)


@pytest.mark.parametrize(
    "on", ["org", ("org",), ("", "acme"), (5, "acme"), ("org", ""), ("org", 5), ("org", "acme", "x")]
)
def test_a_place_is_a_kind_and_a_name_or_an_attribute(on):
    with pytest.raises(TypeError):
        holds("editor", on=on)


def test_a_part_that_is_no_rule_is_not_left_out():
    with pytest.raises(TypeError):
        any_of(owner("author_id"), Combinable())


def test_a_rule_reads_as_it_is_written():
    rule = all_of(
        any_of(owner(Article.author_id), permitted("article:read", on=("org", Article.org_id)), holds("editor")),
        not_(where(Article.locked.is_(True))),
        proven(factors=2, fresh="5m", via="session"),
        tenant(Article.org_id),
        shared(via=Article.shares, to=Share.subject),
        where(Article.status.in_(["done", "late"])),
        anyone(),
    )
    assert str(rule) == (
        "all_of(any_of(owner(author_id), permitted(article:read, on=(org, org_id)), holds(editor)), "
        "not_(locked is True), proven(factors=2, fresh=5m, via=session), tenant(org_id, org), "
        "related(shares, owner(subject)), status in ('done', 'late'), anyone())"
    )


def test_what_a_row_holds_is_shown_on_one_line_and_not_endlessly():
    reason = owner(Article.author_id).judge(
        Situation(principal=ADA, context=NOW, resource=Article(author_id="x\n" * 500))
    )
    assert "\n" not in reason.text
    assert len(reason.text) < 200
