"""Which policies apply, and what is refused where it is declared."""

import pytest
from tests.features.policies.library import Article, Library, Share

from ostiary import ConfigurationError
from ostiary.kernel.declared_policies import type_name
from ostiary.policies import anyone, owner


@pytest.fixture
def library():
    return Library()


def codes(error):
    return [problem.code for problem in error.value.problems]


@pytest.mark.parametrize("action", ["", "Edit", "edit!", "edit:it", " edit", "edit\n", "1st", "bearbeitén", "a" * 64])
def test_an_action_is_one_word_in_lower_case(library, action):
    with pytest.raises(ConfigurationError) as error:
        library.policy(action)(anyone())
    assert codes(error) == ["not_an_action"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"scope": "article"}, "not_a_permission"),
        ({"scope": "Article:edit"}, "not_a_permission"),
        ({"fields": ()}, "no_fields"),
        ({"fields": ("not a name",)}, "no_fields"),
        ({"fields": ("__class__ ",)}, "no_fields"),
    ],
)
def test_what_can_mean_nothing_is_refused(library, options, code):
    with pytest.raises(ConfigurationError) as error:
        library.policy("edit", **options)(anyone())
    assert codes(error) == [code]
    assert library.declared.declared == []


@pytest.mark.parametrize("options", [{"visitors": True}, {"scope": "article:all"}, {"fields": ("title",)}])
def test_a_policy_of_every_action_allows_nothing_and_so_says_nothing_of_the_kind(library, options):
    with pytest.raises(ConfigurationError) as error:
        library.policy("*", **options)(anyone())
    assert codes(error) == ["restriction_that_allows"]


def test_a_policy_is_about_a_class(library):
    with pytest.raises(ConfigurationError) as error:
        library.policy("edit", "Article")(anyone())
    assert codes(error) == ["not_a_type"]


@pytest.mark.parametrize("answer", [True, "owner", None, Article, 5])
def test_a_policy_is_a_rule_or_a_function(library, answer):
    with pytest.raises(ConfigurationError) as error:
        library.policy("edit")(answer)
    assert codes(error) == ["not_a_policy"]


@pytest.mark.parametrize(
    "function",
    [
        lambda: True,
        lambda *everything: True,
        lambda principal, **everything: True,
        lambda principal, article, other: True,
        lambda principal, *, article: True,
        lambda **everything: True,
    ],
)
def test_a_function_takes_a_principal_a_resource_and_a_context_at_most(library, function):
    with pytest.raises(ConfigurationError) as error:
        library.policy("edit")(function)
    assert codes(error) == ["policy_parameters"]


def test_the_resource_may_be_called_anything_and_the_context_stand_anywhere(library):
    seen = []
    library.policy("a")(lambda who, thing: seen.append((who.subject, thing)) or True)
    library.policy("b")(lambda who, context, thing: seen.append((context.at, thing)) or True)
    library.policy("c")(lambda who: seen.append(who.subject) or anyone())
    article = Article(id=1)
    assert all(library.can(action, article) for action in "abc")
    assert seen[0] == ("ada", article)
    assert seen[1][1] is article
    assert seen[2] == "ada"


def test_an_object_that_can_be_called_is_a_function_and_an_async_one_is_none(library):
    class Policy:
        def __call__(self, principal, article):
            return True

    class Later:
        async def __call__(self, principal, article):
            return True

    library.policy("edit")(Policy())
    assert library.can("edit", Article())
    with pytest.raises(ConfigurationError) as error:
        library.policy("edit")(Later())
    assert codes(error) == ["async_policy"]


def test_what_was_declared_is_given_back_so_that_one_rule_serves_several(library):
    mine = library.policy("edit")(owner(Article.author_id))
    library.policy("delete")(mine)
    assert library.can("delete", Article(author_id="ada"))


def test_the_policies_of_a_class_come_before_those_of_its_bases(library):
    class Special(Article):
        pass

    library.policy("edit")(anyone())
    library.policy("edit", Special)(owner(Article.author_id))
    names = [policy.declared.type for policy in library.actions.registry.named("edit", Special)]
    assert names == [Special, Article]
    assert library.actions.registry.named("edit", Share) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Article", "article"),
        ("BlogPost", "blog_post"),
        ("HTTPLog", "http_log"),
        ("Order2Line", "order2_line"),
        ("A", "a"),
    ],
)
def test_a_class_is_named_in_a_permission_in_lower_case_with_underscores(name, said):
    assert type_name(type(name, (), {})) == said
