"""The cryptographic inventory: which algorithm protects what, under which key, and how keys live and die."""

import ast
import re
from typing import Any

from reference_pages.source import argument, calls, feature_class, literal, page, sources, table

VERBS = {"mac", "verify_mac", "seal", "open", "keys", "sealed_by_newest"}


def purposes() -> dict[str, str]:
    """Every purpose that a key is derived for, and the module that uses it."""
    found: dict[str, str] = {}
    for place, tree in sources():
        names = {
            ast.unparse(target): text
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and (text := literal(node.value))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        }
        for name, call in calls(tree):
            whose = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
            purpose = argument(call, "purpose", 0)
            if name in VERBS and re.search(r"key_ring|keys|ring$", whose) and purpose is not None:
                text = literal(purpose) or names.get(ast.unparse(purpose))
                if text:
                    found[text] = place
            if name.endswith("Tokens") and len(call.args) > 1:
                text = literal(call.args[1]) or names.get(ast.unparse(call.args[1]))
                if text:
                    found[text] = place
    return dict(sorted(found.items()))


def cryptography() -> str:
    """The page."""
    from ostiary.kernel.key_ring import MINIMUM_LENGTH
    from ostiary.runtime.process_settings import PROCESS_SETTINGS

    passwords: Any = feature_class("passwords")
    hashing = {name: passwords.__dataclass_fields__[name].default for name in ("memory_kib", "passes", "lanes")}
    secrets = [(f"`OSTIARY_{name}`", one.about, one.rotation) for name, one in PROCESS_SETTINGS.items() if one.secret]
    return page(
        "# Cryptography\n",
        "Which algorithm protects what (ASVS 5.0 V11.1.2), how keys live (V11.1.1), and which secrets there are (V13.1.4).\n",
        "## Algorithms\n",
        table(
            ["for", "algorithm", "from"],
            [
                (
                    "passwords",
                    (
                        f"Argon2id (RFC 9106), {hashing['memory_kib']} KiB, {hashing['passes']} passes, {hashing['lanes']} lane(s), "
                        "random salt"
                    ),
                    "argon2-cffi",
                ),
                ("random secrets at rest (sessions, links)", "SHA-256 of 256 random bits", "hashlib"),
                ("tokens that can be computed again, CSRF tokens, keys of counters", "HMAC-SHA256", "hmac"),
                ("what has to be read back", "AES-256-GCM, a key and a nonce for each message", "cryptography"),
                ("keys for each purpose", "HKDF-SHA256 (RFC 5869)", "cryptography"),
                ("randomness", "the operating system's generator", "secrets, os.urandom"),
                ("comparison of secrets", "constant time", "hmac.compare_digest"),
            ],
        ),
        "No MD5, no ECB or CBC, no RSA padding of PKCS #1 v1.5, and SHA-1 only as what lists of breached passwords are sorted by:\n"
        "tests hold that no other is named in the code.\n",
        "## Purposes\n",
        "From `OSTIARY_SECRET_KEY` a key is derived for each purpose; one for a purpose is of no use for another.\n",
        table(["purpose", "used in"], [(f"`{purpose}`", f"`{place}`") for purpose, place in purposes().items()]),
        "## The life of a key\n",
        f"1. **Made**: `python -c 'import secrets; print(secrets.token_urlsafe(48))'`. At least {MINIMUM_LENGTH} characters; what\n"
        "   looks like a placeholder or repeats itself is refused at the start. On a developer's machine one is made once, in the\n"
        "   instance folder, readable by its owner alone.\n"
        "2. **In use**: the newest key signs and seals.\n"
        "3. **Retiring**: put the new key into `OSTIARY_SECRET_KEY` and the old one first into `OSTIARY_SECRET_KEY_FALLBACKS`. Old\n"
        "   keys verify and open, and never sign. Nobody is signed out: sessions depend on no key. Guesses and sign-ins that\n"
        "   are half finished begin anew.\n"
        "4. **Gone**: remove it when the longest-lived thing it made has ended: a year after for known devices, which then merely\n"
        "   count as strangers; thirty days for remembered browsers.\n",
        "Rotate once a year, and at once when somebody who knew a key should know it no longer.\n",
        "## Secrets\n",
        "Each may stand in a file instead, named by `…_FILE`, where a vault or an orchestrator puts it.\n",
        table(["secret", "what it is", "rotation"], secrets),
        "## After quantum computers\n",
        "Everything above is symmetric, and 256 bits stay out of reach (NIST IR 8547). What will be asymmetric (signatures of\n"
        "tokens, passkeys) names its algorithm in each message, so that another can be added beside it (V11.1.4).\n",
    )
