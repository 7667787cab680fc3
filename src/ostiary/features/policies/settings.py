"""Settings of policies: who may read why she was denied."""

from ostiary.kernel.feature import Feature, feature, setting


@feature
class PoliciesSettings(Feature):
    """What can be set."""

    explained_to: str = setting(
        default="decision:explain",
        about="The permission whose holders see every ground of a refusal in its answer; everybody else sees the public "
        "ones. A convention of ours.",
    )
