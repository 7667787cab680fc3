"""Changes of an SQLite file: whether anybody, in any process, has committed since one last looked.

``PRAGMA data_version`` says so for each connection by itself, and reads no row. Every connection that is asked here
remembers what it saw; one that has slept through changes which others told of tells of them once more.
"""

import os
from collections import deque
from typing import Any, Final

from ostiary.storage.guard_reads import GuardReads

_DATA_VERSION: Final = "PRAGMA data_version"


class FileChanges:
    """Watches the file of one database, for many threads. Opens nothing until it is asked."""

    __slots__ = ("_mark", "_pid", "_reads", "_stash")

    def __init__(self, reads: GuardReads) -> None:
        self._reads = reads
        self._pid = 0
        # Cursors of connections of their own, each with the version it last saw: whoever asks takes one and puts it back.
        self._stash: deque[tuple[Any, int]] = deque()
        self._mark = object()

    def mark(self) -> object:
        """An object that is another one than before once something was committed, or may have been.

        What was read while one was the present mark may be believed by whoever is answered the same. Raises
        ``Unavailable`` if there is no such file any more.
        """
        if self._pid != os.getpid():
            # What a fork inherited is the parent's.
            self._stash, self._pid = deque(), os.getpid()
        stash = self._stash
        try:
            cursor, seen = stash.pop()
        except IndexError:
            cursor, seen = self._reads.keep_cursor(), -1
        try:
            cursor.execute(_DATA_VERSION)
            version: int = cursor.fetchone()[0]
        except BaseException as failed:
            # Interrupted in the middle of an answer, or away: a fresh connection tells, the next time.
            self._reads.let_go(cursor)
            self._mark = object()
            if not isinstance(failed, Exception):
                raise
            return self._mark
        if version != seen:
            # Before the connection is put back: whoever asks it next finds nothing new in it.
            self._mark = object()
        stash.append((cursor, version))
        return self._mark
