"""Named points at which a proof may have the house die, fail, wait or lose its database.

A point is crossed by one guarded line, `if __debug__: failpoints.reach("payments.intent_committed")`, which the
interpreter leaves out under `python -O` and `PYTHONOPTIMIZE=1`, as in the image. What happens at a point is said by the
setting `FAILPOINTS`, which production refuses, for example

    {"seed": 7, "points": {"relay.numbered": {"do": "kill", "at": 3}, "*": {"do": "delay", "chance": 0.01, "ms": 50}}}

`at` counts the crossings of one process from 1; `chance` is thrown by the seed. `once` names a file: of all processes
that get there, the one that can make the file acts, so that whoever is started after a death gets past the point.
"""

import os
import random
import signal
import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from django.db import connection

# Every point by its name, and what is true there. `test_failpoints` sees that the code crosses exactly these.
POINTS: Final[dict[str, str]] = {
    "audit.chain_locked": "the chain's head is locked, nothing is sealed",
    "audit.recorded": "the entries of a transaction's facts wait for its last statement, nothing is committed",
    "audit.sealed": "seals are committed",
    "audit.seals_written": "seals are written, their entries still marked as waiting, nothing is committed",
    "billing.dunning_retried": "a retry of a declined invoice is asked for and counted, nothing is committed",
    "billing.invoice_booked": "a finalized invoice is booked, nothing is committed",
    "billing.invoice_numbered": "an invoice has its number, it is not booked, nothing is committed",
    "billing.invoices_booked": "the invoices of a batch are booked, nothing is committed",
    "billing.invoices_numbered": "a batch of invoices has its numbers, none is booked, nothing is committed",
    "billing.number_taken": "a number is taken from its series, no document has it yet",
    "billing.payment_booked": "a payment is booked on its invoice, nothing is committed",
    "gifts.bought": "a gift and its invoice are written, nothing is committed",
    "gifts.delivered": "a gift's delivery is committed, its job not settled",
    "gifts.letter_written": "a code is committed, no mail has left",
    "gifts.mailed": "the mail has left, the delivery is not written",
    "gifts.redeemed": "a gift is marked as redeemed, nothing is committed",
    "gifts.term_granted": "a gift's term is granted, the gift is still open, nothing is committed",
    "idempotency.answered": "what the gateway answered is committed beside its key, nothing follows from it yet",
    "idempotency.asked": "the gateway has answered a request, nothing of it is written",
    "idempotency.claimed": "a key is committed as in flight, its intent is not written",
    "idempotency.finishing": "the answer of a key and its effect are written, nothing is committed",
    "idempotency.intended": "the intent of a key is committed, the gateway not asked",
    "idempotency.intending": "the intent of a key is written, nothing is committed",
    "idempotency.noting": "what the gateway answered is written beside its key, nothing is committed",
    "jobs.burying": "a job can never succeed, that is not written yet",
    "jobs.claimed": "a job is claimed, nothing of it is done",
    "jobs.done": "a job's work is done and committed, it is not settled",
    "jobs.done_together": "the work of a batch of jobs is done and committed, none is settled",
    "jobs.due_found": "what is due is known, no job is written for it",
    "jobs.due_written": "jobs for what is due are written, nothing is committed",
    "jobs.enqueued": "jobs are written, nothing is committed",
    "jobs.failing": "a job has failed, that is not written yet",
    "jobs.settled": "a job is settled, its worker has not gone on",
    "outbox.handled": "a handler has reacted to a fact, nothing is committed",
    "outbox.handling_committed": "a reaction is committed with its receipt, the job is not settled",
    "outbox.receipt_written": "a handler's receipt is written, it has not reacted",
    "outbox.recorded": "a transaction's facts wait for its last statement, nothing is committed",
    "payments.answered": "the gateway has answered a charge, nothing of it is written",
    "payments.applied": "a charge's answer is committed, the job is not settled",
    "payments.applying": "an answer is written, nothing is committed",
    "payments.asked_again": "the gateway has answered a repeated charge, nothing of it is written",
    "payments.asking_again": "a repeated charge is committed as requested, the gateway not called",
    "payments.event_applied": "a gateway's event is applied, but not marked as processed",
    "payments.event_read": "a gateway's event is read, nothing is applied",
    "payments.intent_committed": "an attempt is committed, the gateway not called",
    "payments.intent_written": "an attempt is written, nothing is committed",
    "payments.looked_up": "the gateway has said what became of an attempt, nothing of it is written",
    "payments.reconcile_taken": "a look at an attempt is committed as taken, the gateway not asked",
    "payments.refund_answered": "the gateway has answered a refund, nothing of it is written",
    "payments.refund_applied": "a refund's answer is committed, the job is not settled",
    "payments.refund_applying": "a refund's answer is written, nothing is committed",
    "payments.refund_intended": "a refund is committed as requested, the gateway not called",
    "payments.refund_requested": "a refund and its job are written, nothing is committed",
    "payments.requested": "a payment and its job are written, or wait to be, and nothing is committed",
    "relay.committed": "facts have their numbers and jobs, all is committed",
    "relay.counter_locked": "the relay holds an environment's counter",
    "relay.jobs_written": "facts have their numbers and jobs, nothing is committed",
    "relay.numbered": "facts have their numbers, no job is written, nothing is committed",
    "request.answer_kept": "a request's answer is kept under its key, nothing is committed",
    "request.claimed": "a request has claimed its key, its effect has not begun",
    "request.committed": "a request's effect is committed, nobody has been told",
    "request.committing": "a request has done all it has to do, nothing is committed",
    "request.effect_done": "a request's effect is written, its answer is not kept",
    "subscriptions.created": "a subscription is written and announced, nothing is billed or committed",
    "subscriptions.period_billed": "a renewal's invoice is written, nothing is committed",
    "subscriptions.period_entered": "a subscription has entered its next period, nothing is billed or committed",
    "subscriptions.periods_billed": "periods and drafts of a batch are written, nothing is numbered or committed",
    "subscriptions.periods_entered": "a batch has entered its next periods, nothing is billed or committed",
    "subscriptions.renewal_locked": "a subscription that may be due is locked",
    "subscriptions.renewals_locked": "subscriptions that may be due are locked together",
    "subscriptions.renewed": "a renewal is written whole, nothing is committed",
    "subscriptions.renewed_together": "a batch of renewals is written whole, nothing is committed",
    "transaction.written": "a transaction's last statement is on its way, its commit is not",
    "webhooks.attempt_counted": "an attempt at a delivery is committed, nothing is sent",
    "webhooks.recorded": "an attempt's outcome is committed, the job is not settled",
    "webhooks.recording": "an attempt was made, its rows are locked, nothing is written",
    "webhooks.sent": "the receiver has answered, nothing of it is written",
}
ACTIONS: Final = ("kill", "raise", "delay", "disconnect")
ANY: Final = "*"


class Reached(Exception):
    """A point was told to fail."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one point is to do, and when: at the n-th crossing, or by chance, or each time."""

    do: str
    at: int = 0
    chance: float = 1.0
    ms: int = 0
    once: str = ""

    def __post_init__(self) -> None:
        if self.do not in ACTIONS:
            raise ValueError(f"a failpoint can {', '.join(ACTIONS)}, not {self.do}")


_plans: dict[str, Plan] = {}
_crossed: Counter[str] = Counter()
_dice = random.Random()  # noqa: S311 - a run must be repeatable


def arm(told: Mapping[str, Any]) -> None:
    """This function will have points act as the setting `FAILPOINTS` says, and forget what was said before.

    :raises ValueError: for a point or an action that does not exist.
    """
    points = dict(told.get("points") or {})
    if unknown := points.keys() - POINTS.keys() - {ANY}:
        raise ValueError(f"there is no failpoint {', '.join(sorted(unknown))}")
    _plans.clear()
    _crossed.clear()
    _plans.update({name: Plan(**plan) for name, plan in points.items()})
    _dice.seed(str(told.get("seed", 0)))


def passed() -> dict[str, int]:
    """This function will return how often each point was crossed in this process that some plan was for."""
    return dict(_crossed)


def reach(name: str) -> None:
    """This function will cross a point: nothing happens unless it was told to act.

    :raises Reached: if that is what it was told.
    """
    if not _plans:
        return
    plan = _plans.get(name) or _plans.get(ANY)
    if plan is None:
        return
    _crossed[name] += 1
    if plan.at in (0, _crossed[name]) and _dice.random() < plan.chance and _is_first(plan.once, name):
        _act(plan, name)


def _is_first(path: str, name: str) -> bool:
    """Of all processes only one can make the file; it then says who was here."""
    if not path:
        return True
    with suppress(FileExistsError), open(path, "x", encoding="utf-8") as file:
        file.write(f"{name} {os.getpid()}")
        return True
    return False


def _act(plan: Plan, name: str) -> None:
    if plan.do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif plan.do == "delay":
        Event().wait(plan.ms / 1000)
    elif plan.do == "disconnect":
        _disconnect()
    else:
        raise Reached(name)


def _disconnect() -> None:
    """End the database's connection under the house's feet, as a firewall or a restart does."""
    if connection.connection is not None and not connection.connection.closed:
        with socket.socket(fileno=os.dup(connection.connection.fileno())) as held:
            held.shutdown(socket.SHUT_RDWR)
