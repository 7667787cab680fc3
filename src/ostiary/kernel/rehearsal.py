"""Rehearsal: what an application is spared under the test kit, and nowhere else.

Only ``ostiary.testing`` makes one, and the composition root takes it only while ``app.testing`` is true. Features
ask ``resources.find(Rehearsal)``: passwords are then hashed by the cheapest Argon2id, limits are not counted unless a
test asks for them, and mail stays in memory.
"""


class Rehearsal:
    """An application under the test kit. ``limits`` says whether limits are counted; a test may change it at any time."""

    __slots__ = ("limits",)

    def __init__(self, *, limits: bool = False) -> None:
        self.limits = limits
