"""Sign-in pathways: every way to become somebody, what it proves, and how strong that is."""

import ast
from typing import Any

from reference_pages.source import calls, features, literal, page, sources, table


def strength(kind: str) -> str:
    """What a proof alone comes to (NIST SP 800-63B-4 §2)."""
    from ostiary.kernel.factor import CATEGORIES, PHISHING_RESISTANT

    count = len(CATEGORIES[kind])
    level = {0: "nothing: it proves nothing anew", 1: "one factor (AAL1)"}.get(count, "two factors (AAL2)")
    return f"{level}, phishing-resistant" if kind in PHISHING_RESISTANT else level


def constructed() -> dict[str, set[str]]:
    """The kinds of proof that the code of each feature makes, whatever the feature says of itself."""
    found: dict[str, set[str]] = {}
    for place, tree in sources():
        names = {
            ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target): literal(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
        }
        for name, call in calls(tree):
            if name == "Factor" and place.startswith("features/") and call.args:
                kind = literal(call.args[0]) or names.get(ast.unparse(call.args[0])) or ast.unparse(call.args[0])
                if kind == "kind" and place.startswith("features/tokens/"):
                    # A token carries what was proven before it was issued, and what an issuer is trusted to say.
                    continue
                found.setdefault(place.split("/")[1], set()).add(kind)
    return found


def pathways(on: "dict[str, Any] | None" = None) -> list[tuple[str, str, str, str]]:
    """Every proof that can be given with these features, or with all of them: by which, what kind, what it rests on."""
    from ostiary.kernel.factor import CATEGORIES

    made = constructed()
    found = [
        (name, kind, ", ".join(sorted(category.value for category in CATEGORIES[kind])) or "nothing", strength(kind))
        for name, feature in (features() if on is None else on).items()
        for kind in sorted(feature.proofs() | made.get(name, set()))
    ]
    return [*found, ("your application, by `auth.sign_in(…)`", "app", "knows", strength("app"))]


def credentials(on: "dict[str, Any] | None" = None) -> list[tuple[str, str]]:
    """Every kind of credential that a request can present afterwards: by which feature, and the kind."""
    return [
        (name, kind)
        for name, feature in (features() if on is None else on).items()
        for kind in sorted(feature.credential_kinds())
    ]


def sign_in_pathways() -> str:
    """The page."""
    return page(
        "# Sign-in pathways\n",
        "Every way to become somebody (ASVS 5.0 V6.1.3). There is no other: a proof, whichever it is, becomes *evidence*; one\n"
        "table (`features/sign_in/decide.py`) compares all the evidence of a sign-in with the policy of `SignIn(policy=…)`;\n"
        "and one module (`runtime/way_in.py`) starts the session. Tests hold that nothing else does either.\n",
        "## Proofs\n",
        table(
            ["by", "kind", "something she", "alone"],
            [(f"{by}", f"`{kind}`", rests, strong) for by, kind, rests, strong in pathways()],
        ),
        "Two kinds that rest on the same thing are one factor: a password and a PIN are both known. What the application\n"
        'vouches for counts as known, the weakest reading, unless it says which proof it was: `auth.sign_in(…, proof="totp")`.\n',
        "## Credentials\n",
        "What a request can present afterwards.\n",
        table(["by", "kind"], [(name, f"`{kind}`") for name, kind in credentials()]),
        "A guard asks for strength by `factors=`, `fresh=`, `proof=` and `phishing_resistant=`, whichever pathway was taken.\n",
    )
