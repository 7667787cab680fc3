"""The longest life of an access token: what is revoked has to be remembered for as long as a token may live."""

from typing import Final

from ostiary.kernel.clock import DAY, Millis

LONGEST_ACCESS_TOKEN: Final[Millis] = DAY
"""No access token lives longer, whatever the settings and whoever issues it.

A subject's epoch ends tokens that nobody has a list of, so its row in the log of revocations stays until the last of
them has expired. RFC 9700 §2.2.2 wants them short; who needs a credential for longer takes a refresh token or an API key.
"""
