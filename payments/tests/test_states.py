"""Every change of state that the tables do not name is refused by the database itself."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from payments import states
from payments.models import GatewayEvent, Payment, PaymentAttempt, Refund
from payments.tests.factories import NOW, make_customer, make_method

pytestmark = pytest.mark.django_db

PATHS = {
    "payment": {
        "pending": [], "processing": ["processing"], "canceled": ["canceled"], "failed": ["processing", "failed"],
        "succeeded": ["processing", "succeeded"],
        "partially_refunded": ["processing", "succeeded", "partially_refunded"],
        "refunded": ["processing", "succeeded", "refunded"],
    },
    "attempt": {
        "created": [], "canceled": ["canceled"], "requesting": ["requesting"], "unknown": ["requesting", "unknown"],
        "pending": ["requesting", "pending"], "requires_action": ["requesting", "requires_action"],
        "failed": ["requesting", "failed"], "succeeded": ["requesting", "succeeded"],
    },
    "refund": {"pending": [], "succeeded": ["succeeded"], "failed": ["failed"]},
    "event": {one: [one] for one in ("processed", "ignored", "orphan", "failed")} | {"received": []},
}  # fmt: skip
TRANSITIONS = {
    "payment": states.PAYMENT_TRANSITIONS, "attempt": states.ATTEMPT_TRANSITIONS, "refund": states.REFUND_TRANSITIONS,
    "event": states.EVENT_TRANSITIONS,
}  # fmt: skip
CASES = [(kind, old) for kind, paths in PATHS.items() for old in paths]


def a_payment() -> Payment:
    customer = make_customer()
    return Payment.objects.create(
        customer_id=customer, amount_minor=100, currency="USD", reference="inv_x", key=f"k{customer}", created_at=NOW
    )


def an_attempt() -> PaymentAttempt:
    payment = a_payment()
    method = make_method(payment.customer_id)
    return PaymentAttempt.objects.create(payment=payment, payment_method=method, gateway="sandbox", created_at=NOW)


def a_refund() -> Refund:
    return Refund.objects.create(payment=a_payment(), amount_minor=10, currency="USD", created_at=NOW)


def an_event() -> GatewayEvent:
    return GatewayEvent.objects.create(gateway="sandbox", event_id="e", body=b"{}", body_sha256="", received_at=NOW)


ROWS: dict[str, Callable[[], Any]] = {
    "payment": a_payment, "attempt": an_attempt, "refund": a_refund, "event": an_event,
}  # fmt: skip


def columns(kind: str, status: str) -> dict[str, Any]:
    """What else the row must say in that state, so that only the change itself can be refused."""
    if kind == "payment":
        refunded = {"partially_refunded": 1, "refunded": 100}.get(status, 0)
        settled = None if status in states.UNSETTLED else NOW
        return {"settled_at": settled, "refunded_minor": refunded, "failure_code": "x" if status == "failed" else ""}
    if kind == "event":
        return {"processed_at": NOW}
    is_open = status in ("created", "pending", "requesting", "unknown", "requires_action")
    return {"finished_at": None if is_open else NOW, "requested_at": NOW}


def move(kind: str, row: Any, status: str) -> None:
    type(row).objects.filter(pk=row.pk).update(status=status, **columns(kind, status))


def passes(kind: str, row: Any, status: str) -> bool:
    """Whether the database lets the row go to that state; it is put back afterwards."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                move(kind, row, status)
        except ProgrammingError as refused:
            return "Invalid transition" not in str(refused)
        transaction.set_rollback(True)
        return True


@pytest.mark.parametrize(("kind", "old"), CASES)
def test_only_the_named_changes_of_state_pass_the_database(kind: str, old: str) -> None:
    row = ROWS[kind]()
    for step in PATHS[kind][old]:
        move(kind, row, step)
    passed = {new for new in PATHS[kind] if passes(kind, row, new)}
    assert passed == set(TRANSITIONS[kind].get(old, ())) | {old}


@pytest.mark.parametrize(
    ("kind", "status"),
    [("payment", "succeeded"), ("attempt", "succeeded"), ("refund", "succeeded"), ("event", "orphan")],
)
def test_a_row_cannot_begin_in_a_later_state(kind: str, status: str) -> None:
    row = ROWS[kind]()
    copy = type(row).objects.get(pk=row.pk)
    copy.pk, copy.status = None, status
    for name, value in columns(kind, status).items():
        setattr(copy, name, value)
    with pytest.raises(ProgrammingError, match="Cannot insert"), transaction.atomic():
        type(row).objects.bulk_create([copy])


@pytest.mark.parametrize("kind", ROWS)
def test_no_row_is_deleted(kind: str) -> None:
    row = ROWS[kind]()
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {row._meta.db_table} WHERE id = %s", [row.pk])


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("payment", {"amount_minor": 1}), ("payment", {"currency": "EUR"}), ("payment", {"reference": "inv_y"}),
        ("attempt", {"gateway": "other"}), ("refund", {"amount_minor": 1}), ("event", {"body": b"x"}),
    ],
)  # fmt: skip
def test_what_was_agreed_is_not_changed(kind: str, change: dict[str, Any]) -> None:
    row = ROWS[kind]()
    with pytest.raises(ProgrammingError), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**change)
