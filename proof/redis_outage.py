"""Redis is stopped under a mixed load and comes back empty: writes go on, nothing is lost, nothing happens twice."""

import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis as RedisClient

from local.engines import valkey
from local.engines.state import ValkeyRecord
from proof.harness import ledger, verdict
from proof.harness.births import Nursery
from proof.harness.crew import until
from proof.harness.house import running
from proof.harness.load import Ack, Load, Shop
from proof.harness.outside import Outside
from proof.harness.progress import Progress
from proof.harness.results import Result
from proof.harness.settling import work_off
from proof.harness.shops import open_shop

CLIENTS = 4
# Limits are counted, so that the way without Redis is gone too, and so high that none is met.
LIMITS = {"RATE_LIMITS_ENABLED": "true", "RATE_LIMIT_WRITES_PROGRAMS_PER_MINUTE": "60000"}
# A write that had to wait for a broker that is away: the first few of each process may.
SLOW_S = 5.0


class Redis:
    """A server of the proof's own, which can be stopped and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "redis"
        self.folder.mkdir()
        self.record: ValkeyRecord | None = None

    def start(self) -> str:
        """This function will start it and return its URL, the same each time."""
        self.record, _ = valkey.ensure(self.folder, self.record, durable=True, keep=self._keep)
        return valkey.url(self.record)

    def stop(self) -> None:
        """This function will stop it."""
        if self.record:
            valkey.stop(self.record, durable=True)

    def flush(self) -> None:
        """This function will take everything from it."""
        with RedisClient.from_url(self.start()) as client:
            client.flushall()

    def _keep(self, record: ValkeyRecord) -> None:
        self.record = record


def run(
    nursery: Nursery, outside: Outside, result: Result, *, outage_s: float, writes: int, patience_s: float = 300.0,
    clients: int = CLIENTS, rest_s: float = 0.0,
) -> None:  # fmt: skip
    """This function will run the house under load, take Redis away for a time, give it back empty, and count."""
    shop, redis = nursery.ask(open_shop), Redis(nursery.folder)
    environment = {"REDIS_URL": redis.start(), **LIMITS}
    try:
        with running(nursery.folder, environment) as programs:
            buyers = Shop(url=programs.url, **shop)
            load = Load(nursery.folder, buyers, clients=clients, seed=result.seed, rest_s=rest_s)
            child = nursery.fork("load", load.run)
            down, up = _take_away(redis, load, outage_s=outage_s, writes=writes)
            load.stop()
            result.expect("the load's end", child.wait(), 0)
            redis.flush()  # once more, when no later nudge covers for those that are lost
            work_off(outside, every=programs.revive, patience_s=patience_s)
    finally:
        redis.stop()
    _judge(nursery, outside, result, load.read(), (down, up))
    result.expect("programs that died", programs.restarts, {})


def _take_away(redis: Redis, load: Load, *, outage_s: float, writes: int) -> tuple[float, float]:
    """Return when Redis went and when it was back, empty."""
    told = Progress()
    _await(load, lambda: load.count() >= writes, told)
    redis.stop()
    down = time.time()
    _await(load, lambda: time.time() - down >= outage_s, told, outage_s + 60)
    redis.start()
    redis.flush()
    up = time.time()
    wanted = load.count() + writes
    _await(load, lambda: load.count() >= wanted, told)
    return down, up


def _await(load: Load, has_come: Callable[[], bool], told: Progress, seconds: float = 120.0) -> None:
    until(has_come, seconds=seconds, every=lambda: told.at(0, f"{load.count()} writes"), interval=0.1)


def _judge(nursery: Nursery, outside: Outside, result: Result, acks: list[Ack], outage: tuple[float, float]) -> None:
    down, up = outage
    during = [ack for ack in acks if down < ack.sent_at and ack.answered_at < up]
    slowest = max((ack.answered_at - ack.sent_at for ack in during), default=0.0)
    result.counted = {
        "writes": len(acks), "of them while Redis was away": len(during), "seconds away": round(up - down),
        "milliseconds the slowest took": round(slowest * 1000),
    }  # fmt: skip
    result.expect("writes went on", bool(during), True)
    result.expect("errors while Redis was away", sum(len(ack.failures) for ack in during), 0)
    result.expect("a write that waited for Redis", slowest > SLOW_S, False)
    result.expect("work left over", outside.unfinished(), 0)
    ledger.compare(outside, acks, result)
    result.broken += verdict.broken(nursery)
