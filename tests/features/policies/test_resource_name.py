"""A resource by its name, as an operator or a table writes it."""

from uuid import UUID

import pytest

from ostiary import ConfigurationError
from ostiary.features.policies.resource_name import check_finder, find_resource
from ostiary.kernel.errors import ValidationFailed

GUID = "12345678-1234-5678-1234-567812345678"


class BlogPost:
    pass


class Order:
    pass


POST = BlogPost()


def by_number(id: int):
    return POST if id == 42 else None


def by_text(id):
    return (id,)


def by_uuid(id: UUID):
    return id


def code(caught):
    return caught.value.errors[0].code


def test_it_is_found_by_the_id_that_the_function_is_annotated_with():
    assert find_resource({BlogPost: by_number}, "blog_post:42") is POST
    assert find_resource({Order: by_text}, "order:a:b") == ("a:b",)
    assert find_resource({Order: by_uuid}, f"order:{GUID}") == UUID(GUID)


def test_the_kind_alone_is_the_class():
    assert find_resource({BlogPost: by_number}, "blog_post") is BlogPost


@pytest.mark.attack("V10")
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("blog_post:x", "not_an_id"),
        ("blog_post:", "not_an_id"),
        ("blog_post:7", "not_found"),
        ("order:1", "unknown_type"),
        ("", "unknown_type"),
    ],
)
def test_what_is_not_there_is_refused_and_never_guessed(name, wrong):
    with pytest.raises(ValidationFailed) as caught:
        find_resource({BlogPost: by_number}, name)
    assert code(caught) == wrong


def test_a_function_takes_the_id_alone():
    check_finder(by_number)
    for finder in (lambda: None, lambda org, number: None):
        with pytest.raises(ConfigurationError):
            check_finder(finder)
