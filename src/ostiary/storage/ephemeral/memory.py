"""The ephemeral store in memory: for one process without a database, bounded in size."""

import heapq
import threading
from typing import Final

from ostiary.kernel.clock import Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.storage.ephemeral.store import Charge, check_charge

# About thirty megabytes of counters. Beyond it the keys that expire soonest go, so that a flood of made-up names
# cannot fill the memory.
_MOST: Final = 100_000


@dataclass(slots=True)
class _Entry:
    value: bytes
    number: int
    expires_at: Millis


class MemoryEphemeralStore:
    """An ``EphemeralStore`` for a single process; threads share it, other processes do not."""

    __slots__ = ("_entries", "_lock", "_most")

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def put(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> None:
        """Keep a value, whatever was there."""
        with self._lock:
            self._keep(key, _Entry(value, 0, expires_at), now)

    def get(self, key: str, *, now: Millis) -> bytes | None:
        """The value, or None if the key is not alive."""
        with self._lock:
            entry = self._alive(key, now)
            return None if entry is None else entry.value

    def consume_once(self, key: str, *, now: Millis) -> bytes | None:
        """Take the value out; one caller gets it."""
        with self._lock:
            entry = self._alive(key, now)
            if entry is None:
                return None
            del self._entries[key]
            return entry.value

    def add(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Keep a value only if the key is not alive."""
        with self._lock:
            if self._alive(key, now) is not None:
                return False
            self._keep(key, _Entry(value, 0, expires_at), now)
            return True

    def compare_and_set(self, key: str, old: bytes, new: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Replace the value if it is alive and still ``old``."""
        with self._lock:
            entry = self._alive(key, now)
            if entry is None or entry.value != old:
                return False
            entry.value, entry.expires_at = new, expires_at
            return True

    def increment_within(self, key: str, *, cost: Millis, burst: Millis, now: Millis) -> Charge:
        """Count one use against a limit."""
        check_charge(cost, burst)
        with self._lock:
            entry = self._entries.get(key)
            arrival = max(entry.number if entry is not None else 0, now) + cost
            if arrival - now > burst:
                return Charge(allowed=False, wait=arrival - now - burst)
            self._keep(key, _Entry(b"", arrival, arrival), now)
            return Charge(allowed=True, wait=0)

    def give_back(self, key: str, *, cost: Millis, now: Millis) -> None:
        """Take one use against a limit back."""
        with self._lock:
            entry = self._alive(key, now)
            if entry is not None:
                entry.number -= cost
                entry.expires_at -= cost

    def count(self, key: str, *, by: int = 1, expires_at: Millis, now: Millis) -> int:
        """Add to a counter; the answer is the new count."""
        with self._lock:
            entry = self._alive(key, now)
            if entry is None:
                entry = _Entry(b"", 0, expires_at)
                self._keep(key, entry, now)
            entry.number += by
            return entry.number

    def delete(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            self._entries.pop(key, None)

    def prune(self, *, now: Millis, batch: int = 1000) -> int:
        """Remove keys that are no longer alive; the answer is how many. ``batch`` matters only to other stores."""
        del batch
        with self._lock:
            return self._remove_expired(now)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _alive(self, key: str, now: Millis) -> _Entry | None:
        entry = self._entries.get(key)
        return entry if entry is not None and entry.expires_at > now else None

    def _keep(self, key: str, entry: _Entry, now: Millis) -> None:
        if key not in self._entries and len(self._entries) >= self._most:
            self._make_room(now)
        self._entries[key] = entry

    def _make_room(self, now: Millis) -> None:
        # A hundredth at a time, so that a flood pays for the search once in many keys.
        room = max(1, self._most // 100)
        if self._remove_expired(now) < room:
            soonest = heapq.nsmallest(room, self._entries, key=lambda key: self._entries[key].expires_at)
            for key in soonest:
                del self._entries[key]

    def _remove_expired(self, now: Millis) -> int:
        expired = [key for key, entry in self._entries.items() if entry.expires_at <= now]
        for key in expired:
            del self._entries[key]
        return len(expired)
