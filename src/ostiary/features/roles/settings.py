"""Settings of roles: what each role grants, and which of them everybody holds."""

from collections.abc import Iterable, Mapping, Sequence

from ostiary.features.roles.definitions import definition_problems
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature, feature, setting


@feature
class RolesSettings(Feature):
    """``OSTIARY_ROLES_…``"""

    roles: Mapping[str, Sequence[str]] = setting(
        factory=dict,
        kw_only=False,
        about='What each role grants: {"admin": ["reader", "user:*"]}. An entry with a colon or a star is a permission, '
        "any other the name of a role that is inherited. In code only; roles may be defined in the database as well.",
    )
    default: Sequence[str] = setting(
        default=(),
        about="The roles that everybody holds who is signed in, everywhere. Nobody can take them away.",
    )

    def setting_problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        if not isinstance(self.roles, Mapping):
            yield Problem(
                code="roles_are_no_mapping",
                what=f"Roles({self.roles!r}) is no mapping",
                cure='write {"teller": ["order:*"]}: each role with a list of what it grants',
            )
            return
        yield from definition_problems(self.roles, self.default)
