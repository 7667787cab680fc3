"""A signing key that development makes: once, kept in the instance folder, readable by its owner alone.

So that a restart signs nobody out while one writes a program without a database. Production is told to set one.
"""

import json
from typing import Final

from ostiary.features.tokens.signing_keys import generate_key, refused_key, signing_keys_of
from ostiary.kernel.errors import ConfigurationError, Problem, misconfigured
from ostiary.kernel.key_folder import KeyFolder
from ostiary.standards.jose.keys import SignatureKey
from ostiary.standards.jose.refusals import KeyRefused
from ostiary.storage.private_file import NotPrivate, keep_private_file

KEY_FILE: Final = "ostiary-signing.jwk"


def development_key(folder: KeyFolder, *, algorithm: str) -> tuple[SignatureKey, ...]:
    """The key of this machine. Raises ``ConfigurationError`` in production, and for a file that others can read."""
    if not folder.may_make:
        raise ConfigurationError([no_signing_key()])
    # Named in the file by its algorithm, so that a change of that setting is seen.
    fresh = generate_key(algorithm)
    if folder.path is None:
        return (fresh,)
    path = folder.path / f"{algorithm.lower()}-{KEY_FILE}"
    try:
        kept = keep_private_file(path, json.dumps(fresh.private_members()))
        return signing_keys_of(kept, algorithm=algorithm)
    except NotPrivate as error:
        cure = "delete it, and a new one is made; or set OSTIARY_TOKENS_PRIVATE_KEY"
        what = f"the key file {path} {error}, so somebody else may know the key"
        raise misconfigured("key_file_is_open", what, cure) from error
    except KeyRefused as refusal:
        raise refused_key("private_key", refusal) from None


def no_signing_key() -> Problem:
    """The problem of production without a key, and without a database to keep one in."""
    return Problem(
        code="no_signing_key",
        what="Tokens(stateless=True) has no key to sign with",
        cure="set OSTIARY_TOKENS_PRIVATE_KEY_FILE to a file made with: openssl genpkey -algorithm EC -pkeyopt "
        "ec_paramgen_curve:P-256 -out key.pem (or OSTIARY_TOKENS_SECRET to 32 random characters; in development, set "
        "OSTIARY_DEVELOPMENT=1 or run with --debug)",
    )
