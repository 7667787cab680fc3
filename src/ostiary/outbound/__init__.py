"""Outbound requests: the only HTTP client, and what it refuses to connect to.

address_policy.py   which addresses may be reached: a rule
connection.py       name to address, judged and pinned; a deadline over everything
client.py           one request: https, no redirects, no cookies, a bounded answer
"""

from ostiary.outbound.client import OutboundAnswer, OutboundClient, OutboundFailed, OutboundRefused

__all__ = ["OutboundAnswer", "OutboundClient", "OutboundFailed", "OutboundRefused"]
