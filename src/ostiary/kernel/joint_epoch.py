"""The joint epoch: the epoch of everybody and that of one subject in one number, which a token carries and is compared by.

Both only grow, and the first weighs more than the second ever can. So a token from before either was raised has a
smaller number than one from after it, and one comparison tells.
"""

from typing import Final

SUBJECTS_OWN: Final = 1 << 32
"""What one raise of everybody's epoch adds. No subject's own is raised four billion times."""


def joint_epoch(everybody: int, own: int) -> int:
    """Both in one number."""
    return everybody * SUBJECTS_OWN + own


def own_epoch(joint: int) -> int:
    """The subject's own, of both."""
    return joint % SUBJECTS_OWN
