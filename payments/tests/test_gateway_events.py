import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import errors, ids, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope
from payments import internal, notices, services
from payments.models import GatewayEvent
from payments.services._gateway_events import EventNotFinished
from payments.tests.factories import attempt_of, make_paid, make_payment, reread

pytestmark = pytest.mark.django_db


def receive(now: datetime, **said: Any) -> str:
    body = json.dumps({"event_id": "e1", "status": "success"} | said).encode()
    return services.receive_gateway_event(gateway="sandbox", notice=notices.read(body), body=body, now=now)


def stored() -> GatewayEvent:
    return GatewayEvent.objects.get(event_id="e1")


def test_an_event_settles_the_attempt_it_names(now: datetime) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    assert receive(now, attempt=attempt_of(payment).public_id, amount_minor=1050, currency="USD") == "received"
    internal.process_gateway_event(event_id=stored().id, now=now)
    assert (reread(payment).status, stored().status, stored().note) == ("succeeded", "processed", "applied")
    assert stored().attempt_id == attempt_of(payment).id


def test_an_event_may_name_the_payment(now: datetime) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    receive(now, payment=payment.public_id, status="declined", code="lost_card")
    internal.process_gateway_event(event_id=stored().id, now=now)
    assert (reread(payment).status, reread(payment).failure_code) == ("failed", "lost_card")


def test_the_inline_answer_and_the_event_settle_once(
    now: datetime, run_jobs: Callable[[], int], facts: Callable[[], list[str]]
) -> None:
    payment = make_paid()
    receive(now, attempt=attempt_of(payment).public_id)
    run_jobs()
    assert stored().note == "known already"
    assert facts().count("payment.succeeded") == 1


def test_a_repeated_event_is_a_duplicate_whatever_it_says(now: datetime, run_jobs: Callable[[], int]) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    assert receive(now, payment=payment.public_id) == "received"
    assert receive(now, payment=payment.public_id) == "duplicate"
    assert receive(now, payment=payment.public_id, status="failed") == "duplicate"
    run_jobs()
    assert reread(payment).status == "succeeded"


def test_another_amount_settles_nothing(now: datetime) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    receive(now, payment=payment.public_id, amount_minor=1, currency="USD")
    internal.process_gateway_event(event_id=stored().id, now=now)
    assert (reread(payment).status, attempt_of(payment).needs_review) == ("processing", True)


def test_a_status_nobody_knows_is_kept_and_ignored(now: datetime) -> None:
    assert receive(now, status="teleported") == "ignored"
    assert stored().status == "ignored"


def test_an_event_about_nothing_is_ignored(now: datetime, run_jobs: Callable[[], int]) -> None:
    assert receive(now) == "received"
    run_jobs()
    assert (stored().status, stored().note) == ("ignored", "names no payment")


def test_an_event_about_somebody_elses_payment_is_an_orphan_after_a_day(
    now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(now)
    receive(now, payment=ids.encode("pay", ids.new()))
    run_jobs()
    assert stored().status == "received"
    for seconds in (15, 60, 300, 1800, 7200, 21600, 86400):
        freeze(now + timedelta(seconds=seconds))
        run_jobs()
    assert (stored().status, stored().runs) == ("orphan", 7)


def test_an_event_is_kept_where_its_payment_is(now: datetime, live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        payment = make_payment()
    receive(now, payment=payment.public_id)
    assert not GatewayEvent.objects.exists()
    with tenancy.scope(live_environment):
        assert stored().event_id == "e1"


def test_a_finished_event_can_be_replayed(
    now: datetime, run_jobs: Callable[[], int], facts: Callable[[], list[str]]
) -> None:
    payment = make_paid()
    receive(now, payment=payment.public_id)
    with pytest.raises(EventNotFinished):
        services.replay_gateway_event(event_id=stored().id, actor=SYSTEM, now=now)
    run_jobs()
    services.replay_gateway_event(event_id=stored().id, actor=SYSTEM, now=now)
    assert (stored().status, facts()[-1]) == ("received", "gateway_event.replayed")
    run_jobs()
    assert (stored().status, facts().count("payment.succeeded")) == ("processed", 1)
    with pytest.raises(errors.NotFound):
        services.replay_gateway_event(event_id=ids.new(), actor=SYSTEM, now=now)
