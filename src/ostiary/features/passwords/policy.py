"""The policy of new passwords: length, and what is guessed first. No composition rules, nothing is ever cut.

Law: NIST SP 800-63B-4 §3.1.1.2; ASVS 5.0 V6.2. Every reason is told at once, each with a code that
stays: ``too_short``, ``too_long``, ``not_text``, ``too_common``, ``contains_context``, ``breached``.
"""

from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from ostiary.features.passwords.context import context_words, is_made_of
from ostiary.features.passwords.guessable import IsCommon, is_guessable
from ostiary.features.passwords.input_bounds import LONGEST_CHARACTERS, PasswordOutOfBounds, password_bytes
from ostiary.features.passwords.most_common import fold, is_most_common
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import FieldError

FIELD: Final = "password"
BREACHED: Final = FieldError(
    FIELD, "breached", "This password is known from a data breach of another site. Choose another one."
)
UNCHANGED: Final = FieldError(FIELD, "unchanged", "This is the password you have now. Choose another one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What a new password must be.

    ``min_length`` counts code points after NFC; ``site_words`` are the context that holds for everybody.
    """

    min_length: int
    site_words: tuple[str, ...] = ()
    is_common: IsCommon = is_most_common

    def check_password(self, password: str, context: Iterable[str] = ()) -> tuple[FieldError, ...]:
        """Every reason to refuse a password; none when it may be set. ``context`` is what belongs to the person."""
        if len(password) > LONGEST_CHARACTERS:
            # Nothing else is asked of it: looking at it would be the attack.
            return (self._too_long(),)
        normal = normalize("NFC", password)
        if len(normal) < self.min_length:
            reasons = [FieldError(FIELD, "too_short", f"Use at least {self.min_length} characters.")]
        else:
            reasons = self._out_of_bounds(password)
        folded = fold(normal)
        if not folded:
            return tuple(reasons)
        if is_guessable(folded, least=self.min_length, is_common=self.is_common):
            message = "This is one of the first passwords that are tried. Choose one that follows no pattern."
            reasons.append(FieldError(FIELD, "too_common", message))
        if is_made_of(folded, context_words((*self.site_words, *context)), is_common=self.is_common):
            message = "This is made of your own name or of the name of this site. Choose something unrelated."
            reasons.append(FieldError(FIELD, "contains_context", message))
        return tuple(reasons)

    @staticmethod
    def _too_long() -> FieldError:
        return FieldError(FIELD, "too_long", f"Use at most {LONGEST_CHARACTERS:,} characters.")

    def _out_of_bounds(self, password: str) -> list[FieldError]:
        try:
            password_bytes(password)
        except PasswordOutOfBounds as error:
            if error.args == ("not Unicode text",):
                return [FieldError(FIELD, "not_text", "This contains something that is not text.")]
            return [self._too_long()]
        return []
