"""How many requests a minute one may make: counted in Redis, so that the limit holds over all workers and replicas."""

from dataclasses import dataclass

from redis.asyncio import Redis

from app.config import settings

redis = Redis.from_url(str(settings.redis_url), socket_timeout=2, socket_connect_timeout=2)

# One step in Redis: between an INCR and an EXPIRE of their own, a worker could die and leave a count that never ends.
spend_one = redis.register_script("""
local used = redis.call("INCR", KEYS[1])
if used == 1 then redis.call("EXPIRE", KEYS[1], 60) end
return {used, redis.call("TTL", KEYS[1])}
""")


@dataclass(frozen=True)
class Allowance:
    """What is left of a minute's requests, and when the next minute begins."""

    left: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """For the client, on every answer."""
        return {
            "RateLimit-Limit": str(settings.rate_limit_per_minute),
            "RateLimit-Remaining": str(max(self.left, 0)),
            "RateLimit-Reset": str(self.seconds),
        }


async def spend(who: str) -> Allowance:
    """Count one request of `who`; the minute begins with the first. `left` is below 0 when it was one too many."""
    used, seconds = await spend_one(keys=[f"todo:limit:{who}"])
    return Allowance(settings.rate_limit_per_minute - used, seconds)
