"""The words of policies, for applications: ``from ostiary.policies import Allow, Deny, any_of, owner, permitted, where``."""

from ostiary.features.policies.answer import Allow, Deny
from ostiary.features.policies.context import PolicyContext
from ostiary.features.policies.rule import Rule
from ostiary.features.policies.vocabulary import (
    anyone,
    attribute,
    holds,
    not_,
    owner,
    permitted,
    proven,
    related,
    shared,
    tenant,
    where,
)
from ostiary.kernel.decision import Change, Decision, Reason
from ostiary.kernel.requirement import all_of, any_of

__all__ = [
    "Allow",
    "Change",
    "Decision",
    "Deny",
    "PolicyContext",
    "Reason",
    "Rule",
    "all_of",
    "any_of",
    "anyone",
    "attribute",
    "holds",
    "not_",
    "owner",
    "permitted",
    "proven",
    "related",
    "shared",
    "tenant",
    "where",
]
