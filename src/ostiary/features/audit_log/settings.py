"""Settings of the audit log."""

from ostiary.kernel.duration import Duration
from ostiary.kernel.feature import Feature, feature, setting


@feature
class AuditLogSettings(Feature):
    """``OSTIARY_AUDIT_LOG_…``"""

    keep: Duration = setting(
        default="365d",
        about="How long rows are kept; `ostiary db prune` removes older ones. A year covers most annual reviews.",
    )
