"""JOSE: signed tokens by the letter, JSON Web Signatures, Keys and Tokens (RFC 7515, 7517, 7519, 8725, 9068).

refusals.py             the two ways to say no
base64url.py            the alphabet, strictly
algorithms.py           which algorithms there are here, and what a key and a signature of each are
keys.py                 a key with its one algorithm: JWK, PEM, shared secret; the thumbprint
key_strength.py         what makes a key too weak to take
key_set.py              several keys, unmixed, each with a name of its own
jws.py                  compact tokens: taken apart, verified, signed
registered_claims.py    who, for whom, until when (RFC 7519 §4.1)
access_token_claims.py  the profile of access tokens (RFC 9068)

There is no encryption here: what is wanted is a proof of who speaks, and a decrypted token proves nothing
(RFC 8725 §2.3). A token of five parts is refused like any other text.
"""
