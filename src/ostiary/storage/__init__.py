"""Ostiary's database, as far as an application's own tables and migrations meet it."""


def include_name(name: str | None, type_: str, parent_names: object = None) -> bool:
    """Keep Alembic's autogenerate away from Ostiary's tables, which have a history of their own.

    For ``context.configure(include_name=include_name)`` in the ``env.py`` of an application, or to be
    called from the filter it has: False for what belongs to Ostiary, True for everything else.
    """
    del parent_names
    return not (type_ == "table" and name is not None and name.startswith("ostiary_"))


__all__ = ["include_name"]
