"""The key folder: where a developer's machine keeps keys that nobody set; there is none in production and in tests."""

from pathlib import Path

from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFolder:
    """Where a missing key may be made and kept.

    ``path`` is None where nothing is kept: in tests a key lives as long as the process. ``may_make`` says that a missing
    key may be made at all; in production it never is.
    """

    path: Path | None
    may_make: bool
