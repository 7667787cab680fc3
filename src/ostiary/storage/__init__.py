"""Ostiary's database, as far as an application's own tables and migrations meet it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ostiary.storage.account_column import account_key


def include_name(name: str | None, type_: str, parent_names: object = None) -> bool:
    """Keep Alembic's autogenerate away from Ostiary's tables, which have a history of their own.

    For ``context.configure(include_name=include_name)`` in the ``env.py`` of an application, or to be
    called from the filter it has: False for what belongs to Ostiary, True for everything else.
    """
    del parent_names
    return not (type_ == "table" and name is not None and name.startswith("ostiary_"))


def __getattr__(name: str) -> Any:  # PEP 562
    # SQLAlchemy's ORM is imported only by an application that has models.
    if name == "account_key":
        from ostiary.storage.account_column import account_key

        return account_key
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


__all__ = ["account_key", "include_name"]
