"""What an application declared: collected, and the permissions its restricted credentials may be narrowed to."""

from ostiary.kernel.declared_policies import DeclaredPolicies, DeclaredPolicy


class BlogPost:
    pass


def declared(action, **options):
    return DeclaredPolicy(action=action, type=BlogPost, answer=True, **options)


def test_a_policy_names_the_permission_that_a_scope_needs():
    assert declared("edit").permission == "blog_post:edit"
    assert declared("edit", scope="post:write").permission == "post:write"
    assert declared("*").permission is None


def test_they_stay_in_their_order_and_know_what_may_narrow():
    policies = DeclaredPolicies()
    for one in (
        declared("edit"),
        declared("*"),
        declared("read", scope="post:see"),
        declared("read", fields=("title",)),
    ):
        policies.add(one)
    assert [one.action for one in policies.declared] == ["edit", "*", "read", "read"]
    assert policies.permissions() == {"blog_post:edit", "post:see", "blog_post:read"}
