"""Every proof by name: what it promises, what does it, how large it is, and which protections it relies on."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class Proof:
    """`call` is named, not imported: the house is loaded only where a proof runs. `controls` are sabotages."""

    name: str
    figure: str
    call: str
    full: dict[str, Any]
    small: dict[str, Any]
    controls: tuple[str, ...]
    control: dict[str, Any] | None = None
    # What every change to the project is tried with, where the small version is too small for that.
    ci: dict[str, Any] | None = None
    # Where the small version is a test of an app already.
    small_test: str = ""
    # What a small run may happen not to meet: whether a call is repeated depends on where a kill falls.
    by_chance: tuple[str, ...] = ()

    def size(self, scale: str) -> dict[str, Any]:
        """This function will return the numbers of a scale: the small ones, where it has none of its own."""
        own = {"full": self.full, "control": self.control, "ci": self.ci}
        return own.get(scale) or self.small


PROOFS: Final = (
    Proof(
        name="one_key",
        figure="64 parallel requests on one key, also with owners killed: 1 effect, 1 answer",
        call="proof.one_key:run",
        full={"rounds": 12, "people": 64, "victims": 12},
        small={"rounds": 2, "people": 12, "victims": 4},
        controls=("claim",),
        control={"rounds": 1, "people": 12, "victims": 0},
    ),
    Proof(
        name="gift",
        figure="64 redemptions of one gift: one wins, also with winners killed",
        call="proof.gift:run",
        full={"rounds": 6, "people": 64, "victims": 16},
        small={"rounds": 2, "people": 12, "victims": 4},
        controls=("gift_rules",),
        control={"rounds": 1, "people": 16, "victims": 0},
    ),
    Proof(
        name="numbers",
        figure="64 finalizations in parallel with rollbacks and kills: gapless",
        call="proof.numbers:run",
        full={"rounds": 8, "people": 64, "victims": 8},
        small={"rounds": 1, "people": 16, "victims": 3},
        controls=("counter",),
    ),
    Proof(
        name="facts",
        figure="20,000 facts under at least 300 kills: 0 lost, 0 out of order per aggregate, effects = facts",
        call="proof.facts:run",
        full={"facts": 20_000, "subjects": 40, "kills": 300},
        small={"facts": 60, "subjects": 6, "kills": 6},
        controls=("order", "receipts"),
        control={"facts": 400, "subjects": 2, "kills": 40},
    ),
    Proof(
        name="renewals",
        figure="10,000 renewals under at least 500 kills and 20 % gateway faults: 0 double, 0 lost, the books agree",
        call="proof.renewals:run",
        full={"subscriptions": 1_000, "months": 10, "kills": 1_000, "minutes": 45.0},
        small={"subscriptions": 8, "months": 1, "kills": 5},
        ci={"subscriptions": 200, "months": 10, "kills": 200, "minutes": 20.0},
        by_chance=("charges asked for again", "repeats"),
        controls=("gateway_key",),
        control={"subscriptions": 40, "months": 1, "kills": 10},
    ),
    Proof(
        name="crashes",
        figure="a process dies at each named failpoint: what is restarted ends as if nobody had died",
        call="proof.crash_matrix:run",
        full={},
        small={"sample": 1, "cards": ("success", "process_then_drop"), "months": 0},
        controls=("intent",),
        control={"only": ("payments.answered",), "cards": ("success",), "months": 0},
    ),
    Proof(
        name="redis",
        figure="Redis stopped for 60 s and then flushed under a mixed load: nothing lost, nothing twice, writes go on",
        call="proof.redis_outage:run",
        full={"outage_s": 60.0, "writes": 200, "rest_s": 0.25},
        small={"outage_s": 1.5, "writes": 4, "clients": 2, "rest_s": 0.15},
        controls=("sweeper",),
        control={"outage_s": 4.0, "writes": 30, "patience_s": 30.0},
    ),
    Proof(
        name="postgres",
        figure="PostgreSQL restarted (immediate) 20 times under load: every acknowledged write is there",
        call="proof.postgres_restarts:run",
        full={"restarts": 20, "writes": 40},
        small={"restarts": 1, "writes": 6, "clients": 2, "rest_s": 0.15},
        controls=("durability",),
        control={"restarts": 3, "writes": 40},
    ),
    Proof(
        name="wires",
        figure="wires to PostgreSQL, Redis and receivers cut, slow, held, half open: nothing lost, writes go on",
        call="proof.wires:run",
        full={"troubles": 60, "writes": 20, "rest_s": 0.25},
        small={"troubles": 6, "writes": 1, "rest_s": 0.2},
        controls=("commit",),
        control={"troubles": 2, "writes": 60},
    ),
    Proof(
        name="corruptions",
        figure="1,000 random corruptions of the audit chain: 1,000 found and located",
        call="proof.corruptions:run",
        full={},
        small={},
        controls=("comparison",),
        small_test="audit/tests/test_corruptions.py",
    ),
    Proof(
        name="mutation",
        figure="the code of money, idempotency, outbox, audit and auth broken on purpose: 90 % noticed by its tests",
        call="proof.mutation.run:run",
        full={"sample": 200},
        small={"sample": 6, "areas": ("money",)},
        controls=("assertions",),
        control={"sample": 40, "areas": ("idempotency",)},
        small_test="tests/proofs/test_mutation.py",
    ),
)

BY_NAME: Final = {proof.name: proof for proof in PROOFS}
