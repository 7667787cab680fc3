"""Outbound requests: the only HTTP client, what it refuses to connect to, and what of its answers is kept.

address_policy.py   which addresses may be reached: a rule
connection.py       name to address, judged and pinned; a deadline over everything
client.py           one request: https, no redirects, no cookies, a bounded answer
json_cache.py       one JSON document, fetched once for all threads, kept as long as its server says within bounds
discovery.py        what an issuer says of itself, if it is its own
jwks_cache.py       the keys of an issuer, looked at again for an unknown key id, at most once a minute (imported from there: it needs joserfc)
"""

from ostiary.outbound.client import OutboundAnswer, OutboundClient, OutboundFailed, OutboundRefused
from ostiary.outbound.discovery import Discovery, IssuerMetadata
from ostiary.outbound.json_cache import DocumentUnavailable, JsonCache

__all__ = [
    "Discovery",
    "DocumentUnavailable",
    "IssuerMetadata",
    "JsonCache",
    "OutboundAnswer",
    "OutboundClient",
    "OutboundFailed",
    "OutboundRefused",
]
