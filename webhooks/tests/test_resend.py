"""Sending again: one fact, a stretch of time, or what a delivery held."""

from datetime import timedelta

import pytest

from core import clock, errors, ids, tenancy
from outbox.internal import relay_here
from webhooks import services
from webhooks.models import Delivery, EndpointDisabled
from webhooks.services import _resend
from webhooks.tests.receiver import Reply, listening

pytestmark = pytest.mark.django_db


def sent() -> list[tuple[str, int]]:
    return list(Delivery.objects.order_by("created_at", "id").values_list("event_id", "resend"))


def test_a_delivered_event_is_sent_again_byte_for_byte(register, happen, run_jobs, actor, now, facts):
    with listening() as receiver:
        endpoint = register(receiver.url, event_filters=["outbox.tested"])
        event_id = happen()
        run_jobs()
        assert services.resend_event(endpoint_id=endpoint.id, event_id=event_id, actor=actor, now=now) == 1
        run_jobs()

    first, second = receiver.received
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert sent() == [(event_id, 0), (event_id, 1)]
    assert facts()[-1] == "webhook.resent"


def test_an_event_that_the_endpoint_was_never_sent_is_made_of_the_stored_fact(register, happen, run_jobs, actor, now):
    event_id = happen("before the endpoint")
    relay_here()
    with listening() as receiver:
        endpoint = register(receiver.url, event_filters=["invoice.paid"])
        services.resend_event(endpoint_id=endpoint.id, event_id=event_id, actor=actor, now=now)
        run_jobs()

    assert b"before the endpoint" in receiver.received[0].body
    assert sent() == [(event_id, 0)]


def test_an_event_that_never_was_is_not_found(register, happen, actor, now, facts):
    happen()
    relay_here()
    endpoint = register()
    with pytest.raises(errors.NotFound):
        services.resend_event(endpoint_id=endpoint.id, event_id=ids.encode("evt", ids.new()), actor=actor, now=now)

    assert sent() == []
    assert "webhook.resent" not in facts()


def test_another_environments_event_is_not_found(register, happen, actor, now, live_environment):
    with tenancy.scope(live_environment):
        event_id = happen()
        relay_here()
    endpoint = register()
    with pytest.raises(_resend.EventNotFound):
        services.resend_event(endpoint_id=endpoint.id, event_id=event_id, actor=actor, now=now)


def test_a_range_is_what_was_recorded_in_it_and_the_endpoint_listens_to(register, happen, run_jobs, actor, now):
    started = clock.wall()
    endpoint = register(event_filters=["outbox.tested"])
    delivered = happen()
    run_jobs()
    services.disable_endpoint(endpoint_id=endpoint.id, reason="x", actor=actor, now=now)
    missed = happen()
    relay_here()
    services.enable_endpoint(endpoint_id=endpoint.id, actor=actor, now=now)
    until = clock.wall() + timedelta(seconds=1)
    count = services.resend_range(endpoint_id=endpoint.id, since=started, until=until, actor=actor, now=now)

    assert count == 2
    assert sorted(sent()) == sorted([(delivered, 0), (delivered, 1), (missed, 0)])


def test_a_range_before_or_after_everything_is_empty(register, happen, actor, now):
    endpoint = register()
    happen()
    relay_here()
    day = timedelta(days=1)
    for since in (clock.wall() - 3 * day, clock.wall() + day):
        assert services.resend_range(endpoint_id=endpoint.id, since=since, until=since + day, actor=actor, now=now) == 0


def test_too_large_a_range_is_refused_and_sends_nothing(register, happen, actor, now, monkeypatch, facts):
    monkeypatch.setattr(_resend, "MOST_RESENT", 2)
    endpoint = register(event_filters=["outbox.tested"])
    for _ in range(3):
        happen()
    relay_here()
    since = clock.wall() - timedelta(minutes=1)
    with pytest.raises(services.TooManyEvents):
        services.resend_range(
            endpoint_id=endpoint.id, since=since, until=since + timedelta(hours=1), actor=actor, now=now
        )

    assert sent() == []
    assert "webhook.resent" not in facts()


def test_a_disabled_endpoint_is_resent_nothing(register, happen, actor, now):
    endpoint = register()
    services.disable_endpoint(endpoint_id=endpoint.id, reason="x", actor=actor, now=now)
    with pytest.raises(EndpointDisabled):
        services.resend_event(endpoint_id=endpoint.id, event_id=happen(), actor=actor, now=now)


def test_a_dead_delivery_is_sent_again_as_a_new_one(register, happen, run_jobs, actor, now):
    with listening(Reply(status=500), Reply()) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()
        row = Delivery.objects.get()
        services.resend_delivery(delivery_id=row.id, reason="mended", actor=actor, now=now)
        run_jobs()

    assert [row.state for row in Delivery.objects.order_by("resend")] == ["failed", "succeeded"]


def test_a_delivery_that_is_not_there_cannot_be_resent(environment, actor, now):
    with pytest.raises(errors.NotFound):
        services.resend_delivery(delivery_id=ids.new(), reason="x", actor=actor, now=now)
