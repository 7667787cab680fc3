"""The ephemeral store in Redis or Valkey: each atomic verb is one Lua script, so that machines share one count."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, cast

from ostiary.kernel.clock import MINUTE, Millis
from ostiary.kernel.errors import Unavailable, misconfigured
from ostiary.storage.ephemeral.store import Charge, check_charge

_PREFIX: Final = "ostiary:"

# Whether a key is alive is decided by the caller's `now`. Redis forgets it by its own clock a minute later than that,
# so that a clock that lags a little does not reopen a replay window.
_MARGIN: Final = MINUTE

# A stored text is the instant it expires, in sixteen digits, a colon, and the value or the number.
_HEAD: Final = 17
_READ: Final = f"""
local stored = redis.call('GET', KEYS[1])
if stored and tonumber(string.sub(stored, 1, 16)) <= tonumber(ARGV[1]) then stored = false end
local value = stored and string.sub(stored, {_HEAD + 1})
"""
# ARGV: now, expires_at in sixteen digits, ttl, …
_WRITE: Final = "redis.call('SET', KEYS[1], ARGV[2] .. ':' .. {value}, 'PX', ARGV[3])\n"

_SCRIPTS: Final = {
    "get": _READ + "return value",
    "consume_once": _READ + "redis.call('DEL', KEYS[1])\nreturn value",
    "add": _READ + "if stored then return 0 end\n" + _WRITE.format(value="ARGV[4]") + "return 1",
    # ARGV[4] is the new value, ARGV[5] the old one.
    "compare_and_set": _READ + "if value ~= ARGV[5] then return 0 end\n" + _WRITE.format(value="ARGV[4]") + "return 1",
    # A counter that is alive keeps its instant and its life: KEEPTTL.
    "count": _READ
    + """
if stored then
  local sum = string.format('%.0f', tonumber(value) + tonumber(ARGV[4]))
  redis.call('SET', KEYS[1], string.sub(stored, 1, 17) .. sum, 'KEEPTTL')
  return tonumber(sum)
end
"""
    + _WRITE.format(value="ARGV[4]")
    + "return tonumber(ARGV[4])",
    # ARGV: now, cost, burst, margin. Numbers of Lua are exact up to 2^53, beyond any instant.
    "increment_within": """
local now, cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('GET', KEYS[1])
local arrival = math.max(stored and tonumber(string.sub(stored, 18)) or 0, now) + cost
if arrival - now > burst then return arrival - now - burst end
local text = string.format('%.0f', arrival)
local expires = string.rep('0', 16 - #text) .. text
redis.call('SET', KEYS[1], expires .. ':' .. text, 'PX', string.format('%.0f', arrival - now + tonumber(ARGV[4])))
return 0
""",
    # ARGV: now, cost, margin.
    "give_back": """
local now = tonumber(ARGV[1])
local stored = redis.call('GET', KEYS[1])
local arrival = (stored and tonumber(string.sub(stored, 18)) or 0) - tonumber(ARGV[2])
if arrival <= now then return redis.call('DEL', KEYS[1]) end
local text = string.format('%.0f', arrival)
local expires = string.rep('0', 16 - #text) .. text
redis.call('SET', KEYS[1], expires .. ':' .. text, 'PX', string.format('%.0f', arrival - now + tonumber(ARGV[3])))
return 0
""",
}


class RedisEphemeralStore:
    """An ``EphemeralStore`` in Redis or Valkey. Opens nothing until it is used."""

    __slots__ = ("_client", "_failure", "_scripts")

    def __init__(self, client: Any) -> None:
        from redis.exceptions import RedisError

        self._client: Any = client
        self._failure = RedisError
        self._scripts: dict[str, Any] = {name: client.register_script(source) for name, source in _SCRIPTS.items()}

    @classmethod
    def from_url(cls, url: str) -> "RedisEphemeralStore":
        """The store at ``redis://…``, ``rediss://…`` (TLS) or ``unix://…``.

        Raises ``ConfigurationError`` when the URL cannot be read or redis-py is not installed.
        """
        try:
            from redis import Redis
        except ImportError:
            cure = "install ostiary[redis], or leave OSTIARY_REDIS_URL out"
            raise misconfigured("redis_not_installed", "a Redis URL is set, and redis-py is missing", cure) from None
        try:
            # A request waits for these answers; without a limit a lost packet would hold it for minutes.
            # Any: redis-py leaves the keywords of this method untyped.
            client: Redis = cast("Any", Redis).from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
            return cls(client)
        except ValueError:
            # Not chained: the message may show the URL, and with it a password.
            cure = "write redis://host:6379/0 or rediss://user:password@host:6379/0"
            raise misconfigured("redis_url_unreadable", "the Redis URL cannot be read", cure) from None

    def put(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> None:
        """Keep a value, whatever was there."""
        with self._answering():
            self._client.set(_PREFIX + key, _expires(expires_at) + b":" + value, px=_life(expires_at, now))

    def get(self, key: str, *, now: Millis) -> bytes | None:
        """The value, or None if the key is not alive."""
        return _bytes(self._run("get", key, now))

    def consume_once(self, key: str, *, now: Millis) -> bytes | None:
        """Take the value out; one caller gets it."""
        return _bytes(self._run("consume_once", key, now))

    def add(self, key: str, value: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Keep a value only if the key is not alive."""
        return bool(self._run("add", key, now, _expires(expires_at), _life(expires_at, now), value))

    def compare_and_set(self, key: str, old: bytes, new: bytes, *, expires_at: Millis, now: Millis) -> bool:
        """Replace the value if it is alive and still ``old``."""
        life = _life(expires_at, now)
        return bool(self._run("compare_and_set", key, now, _expires(expires_at), life, new, old))

    def increment_within(self, key: str, *, cost: Millis, burst: Millis, now: Millis) -> Charge:
        """Count one use against a limit."""
        check_charge(cost, burst)
        wait = int(self._run("increment_within", key, now, cost, burst, _MARGIN))
        return Charge(allowed=wait == 0, wait=wait)

    def give_back(self, key: str, *, cost: Millis, now: Millis) -> None:
        """Take one use against a limit back."""
        self._run("give_back", key, now, cost, _MARGIN)

    def count(self, key: str, *, by: int = 1, expires_at: Millis, now: Millis) -> int:
        """Add to a counter; the answer is the new count."""
        return int(self._run("count", key, now, _expires(expires_at), _life(expires_at, now), by))

    def delete(self, key: str) -> None:
        """Forget a key."""
        with self._answering():
            self._client.delete(_PREFIX + key)

    def prune(self, *, now: Millis, batch: int = 1000) -> int:
        """Nothing: Redis removes what has expired by itself. The answer is 0."""
        del now, batch
        return 0

    def close(self) -> None:
        """Close this process's connections."""
        self._client.close()

    def _run(self, verb: str, key: str, *arguments: object) -> Any:
        with self._answering():
            return self._scripts[verb](keys=[_PREFIX + key], args=arguments)

    @contextmanager
    def _answering(self) -> Generator[None]:
        try:
            yield
        except self._failure as error:
            # Only the kind: the text may show an address with its password.
            raise Unavailable(detail=f"redis: {type(error).__name__}") from None


def _expires(expires_at: Millis) -> bytes:
    return b"%016d" % expires_at


def _bytes(answer: object) -> bytes | None:
    # Redis says nil, a client may say it as None or as an empty boolean.
    return answer if isinstance(answer, bytes) else None


def _life(expires_at: Millis, now: Millis) -> Millis:
    return max(1, expires_at - now) + _MARGIN
