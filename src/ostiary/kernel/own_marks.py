"""Own marks: what in a text says that it is a secret of this application, so that it is shown to nobody else."""

from ostiary.kernel.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class OwnMarks:
    """The marks of API keys, in lower case; found by this type among the resources."""

    beginning: str
    anywhere: tuple[str, ...]

    def marks(self, text: str) -> bool:
        """Whether a text may be one of ours, however damaged: in other case, cut off, or with something before it."""
        lower = text.lower()
        return lower.startswith(self.beginning) or any(mark in lower for mark in self.anywhere)
