"""Endpoints: what they are sent, how they are switched off, and their secrets."""

import json
from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from core import clock, errors, tenancy
from jobs.models import Job
from outbox.internal import relay_here
from webhooks import internal, secrets, services
from webhooks.models import (
    Delivery,
    Endpoint,
    EndpointDeleted,
    EndpointDisabled,
    EndpointEnabled,
    matches,
)
from webhooks.tests.receiver import Reply, listening
from webhooks.transport import Answer

pytestmark = pytest.mark.django_db

FAILED = Answer(status=500, duration_ms=3, error="unexpected_status")


@pytest.mark.parametrize(
    ("pattern", "kind", "expected"),
    [
        ("*", "invoice.paid", True),
        ("invoice.*", "invoice.paid", True),
        ("invoice.*", "invoice_item.added", False),
        ("invoice.paid", "invoice.paid", True),
        ("invoice.paid", "invoice.paid_late", False),
    ],
)
def test_filters_are_types_prefixes_or_everything(pattern, kind, expected):
    assert matches(pattern, kind) is expected


def test_each_endpoint_is_sent_what_it_listens_to(register, happen, run_jobs):
    everything = register("http://127.0.0.1:65535/everything")
    tests = register("http://127.0.0.1:65535/tests", event_filters=["outbox.*"])
    register("http://127.0.0.1:65535/invoices", event_filters=["invoice.*"])
    event_id = happen()
    run_jobs()

    assert set(Delivery.objects.filter(event_id=event_id).values_list("endpoint", flat=True)) == {
        everything.id, tests.id
    }  # fmt: skip


def test_facts_of_one_environment_are_not_sent_to_another(register, happen, run_jobs, live_environment):
    register(event_filters=["outbox.tested"])
    with tenancy.scope(live_environment):
        happen()
        run_jobs()
        assert not Delivery.objects.exists()
    assert not Delivery.objects.exists()


def test_a_fact_whose_resend_was_quicker_than_its_handler_is_not_queued_twice(register, happen, actor, now, run_jobs):
    endpoint = register(event_filters=["outbox.tested"])
    event_id = happen()
    relay_here()
    services.resend_event(endpoint_id=endpoint.id, event_id=event_id, actor=actor, now=now)
    run_jobs()

    assert [row.resend for row in Delivery.objects.all()] == [0]


def test_a_disabled_endpoint_is_sent_nothing_and_what_waited_is_canceled(register, happen, run_jobs, actor, now):
    with listening(Reply(status=500)) as receiver:
        endpoint = register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()
        services.disable_endpoint(endpoint_id=endpoint.id, reason="maintenance", actor=actor, now=now)
        assert [row.state for row in Delivery.objects.all()] == ["canceled"]
        happen()
        Job.objects.waiting().update(available_at=clock.wall() - timedelta(seconds=1))
        run_jobs()

    assert len(receiver.received) == 1
    assert Delivery.objects.count() == 1


def test_a_delivery_that_waits_for_a_disabled_endpoint_all_the_same_is_canceled(register):
    with listening() as receiver:
        endpoint = register(receiver.url)
        row = Delivery.objects.create(
            endpoint=endpoint, event_id="evt_1", event_type="a.b", body="{}", created_at=clock.wall()
        )
        Endpoint.objects.update(state="disabled", reason="x", disabled_at=clock.wall())
        internal.deliver(delivery_id=row.id)

    row.refresh_from_db()
    assert (row.state, row.attempts_made, receiver.received) == ("canceled", 0, [])


def test_disabling_twice_and_enabling_twice_are_refused(register, actor, now, facts):
    endpoint = register()
    services.disable_endpoint(endpoint_id=endpoint.id, reason="x", actor=actor, now=now)
    with pytest.raises(EndpointDisabled):
        services.disable_endpoint(endpoint_id=endpoint.id, reason="x", actor=actor, now=now)
    services.enable_endpoint(endpoint_id=endpoint.id, actor=actor, now=now)
    with pytest.raises(EndpointEnabled):
        services.enable_endpoint(endpoint_id=endpoint.id, actor=actor, now=now)

    assert facts() == ["webhook_endpoint.created", "webhook_endpoint.disabled", "webhook_endpoint.enabled"]


def test_a_deleted_endpoint_is_gone_but_its_history_stays(register, happen, run_jobs, actor, now):
    endpoint = register(event_filters=["outbox.tested"])
    happen()
    run_jobs()
    services.delete_endpoint(endpoint_id=endpoint.id, actor=actor, now=now)
    endpoint.refresh_from_db()

    assert (endpoint.state, endpoint.reason) == ("disabled", "deleted")
    assert Delivery.objects.get().state == "canceled"
    with pytest.raises(errors.NotFound):
        services.enable_endpoint(endpoint_id=endpoint.id, actor=actor, now=now)
    with pytest.raises(EndpointDeleted):
        endpoint.enable()


def test_a_test_goes_to_its_endpoint_alone_whatever_it_listens_to(register, run_jobs, actor, now):
    with listening() as receiver:
        other = register("http://127.0.0.1:65535/", event_filters=["*"])
        endpoint = register(receiver.url, event_filters=["invoice.paid"])
        services.send_test(endpoint_id=endpoint.id, actor=actor, now=now)
        run_jobs()

    assert [json.loads(got.body)["type"] for got in receiver.received] == ["webhook.tested"]
    assert not Delivery.objects.filter(endpoint=other, event_type="webhook.tested").exists()


def test_a_disabled_endpoint_cannot_be_tested(register, actor, now, facts):
    endpoint = register()
    services.disable_endpoint(endpoint_id=endpoint.id, reason="x", actor=actor, now=now)
    with pytest.raises(EndpointDisabled):
        services.send_test(endpoint_id=endpoint.id, actor=actor, now=now)

    assert "webhook.tested" not in facts()


def test_an_endpoint_that_only_fails_for_five_days_is_disabled_and_its_owner_told(
    register, happen, run_jobs, now, facts, mailoutbox
):
    endpoint = register(event_filters=["outbox.tested"], contact_email="ops@example.com")
    started = clock.wall()
    for number in range(20):
        endpoint.refresh_from_db()
        assert endpoint.is_enabled
        fail_once(happen(), started + timedelta(days=5) * number / 19)
    endpoint.refresh_from_db()

    assert (endpoint.state, endpoint.reason, endpoint.failures) == ("disabled", "failing", 20)
    assert facts().count("webhook_endpoint.disabled") == 1
    assert not Delivery.objects.waiting().exists()
    run_jobs()
    assert [mail.to for mail in mailoutbox] == [["ops@example.com"]]


@pytest.mark.parametrize(("failures", "days"), [(40, 4.99), (19, 30)])
def test_neither_many_failures_nor_a_long_time_alone_disable_an_endpoint(register, happen, failures, days):
    endpoint = register(event_filters=["outbox.tested"])
    started = clock.wall()
    for number in range(failures):
        fail_once(happen(), started + timedelta(days=days) * number / (failures - 1))
    endpoint.refresh_from_db()

    assert (endpoint.is_enabled, endpoint.failures) == (True, failures)


def test_one_success_begins_the_count_anew(register, happen):
    endpoint = register(event_filters=["outbox.tested"])
    fail_once(happen(), clock.wall())
    record(happen(), Answer(status=200, duration_ms=1), clock.wall())
    endpoint.refresh_from_db()

    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_nobody_is_told_who_left_no_address_or_enabled_it_again(register, happen, run_jobs, actor, now, mailoutbox):
    silent = register("http://127.0.0.1:65535/a", event_filters=["outbox.tested"])
    fail_once(happen(), clock.wall(), gone=True)
    services.enable_endpoint(endpoint_id=silent.id, actor=actor, now=now)
    services.delete_endpoint(endpoint_id=silent.id, actor=actor, now=now)
    known = register("http://127.0.0.1:65535/b", event_filters=["outbox.tested"], contact_email="ops@example.com")
    fail_once(happen(), clock.wall(), gone=True)
    services.enable_endpoint(endpoint_id=known.id, actor=actor, now=now)
    run_jobs()

    assert mailoutbox == []


def test_secrets_are_stored_encrypted(register, owner_sql):
    endpoint = register()
    [(stored,)] = owner_sql("SELECT sealed_secret FROM webhooks_endpoint")

    assert endpoint.shown.startswith("whsec_")
    assert endpoint.shown not in stored
    assert secrets.unseal(stored) == endpoint.shown
    assert repr(services.IssuedSecret(endpoint=endpoint, secret="whsec_x")).count("whsec_") == 0


def test_a_new_encryption_key_reads_what_the_old_one_wrote(settings):
    new, old = "b" * 43 + "=", "c" * 43 + "="
    settings.FIELD_ENCRYPTION_KEYS = [old]
    sealed = secrets.seal("whsec_abc")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert secrets.unseal(sealed) == "whsec_abc"

    settings.FIELD_ENCRYPTION_KEYS = [new]
    with pytest.raises(secrets.SecretUnreadable):
        secrets.unseal(sealed)


def test_after_a_rotation_both_secrets_sign_for_a_day(register, happen, run_jobs, actor, now):
    with listening() as receiver:
        endpoint = register(receiver.url, event_filters=["outbox.tested"])
        issued = services.rotate_secret(endpoint_id=endpoint.id, actor=actor, now=now)
        happen()
        run_jobs()
        Endpoint.objects.update(previous_secret_until=clock.wall() - timedelta(seconds=1))
        happen()
        run_jobs()

    overlap = issued.endpoint.previous_secret_until - clock.wall()
    assert timedelta(hours=23, minutes=59) < overlap <= timedelta(hours=24)
    during, after = receiver.received
    for secret in (endpoint.shown, issued.secret):
        assert Webhook(secret).verify(during.body, dict(during.headers.items()))
    assert Webhook(issued.secret).verify(after.body, dict(after.headers.items()))
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.shown).verify(after.body, dict(after.headers.items()))


def test_no_fact_of_webhooks_tells_a_url_or_a_secret(register, actor, now, owner_sql):
    endpoint = register("http://127.0.0.1:65535/hooks/path-token?token=hush")
    services.rotate_secret(endpoint_id=endpoint.id, actor=actor, now=now)
    told = repr(owner_sql("SELECT data FROM outbox_outboxevent")) + repr(owner_sql("SELECT text FROM audit_entry"))

    assert "hush" not in told
    assert "path-token" not in told
    assert "whsec_" not in told


def test_an_update_says_what_changed_and_nothing_when_nothing_did(register, actor, now, facts):
    endpoint = register(description="one")
    services.update_endpoint(endpoint_id=endpoint.id, description="one", actor=actor, now=now)
    assert facts() == ["webhook_endpoint.created"]
    services.update_endpoint(endpoint_id=endpoint.id, description="two", is_enabled=False, actor=actor, now=now)

    assert facts() == ["webhook_endpoint.created", "webhook_endpoint.updated", "webhook_endpoint.disabled"]


def record(event_id: str, answer: Answer, at) -> None:
    """Keep one attempt that was made at an instant."""
    endpoint = Endpoint.objects.enabled().get()
    row = Delivery.objects.create(
        endpoint=endpoint, event_id=event_id, event_type="outbox.tested", body="{}", created_at=at, attempts_made=1
    )
    intent = internal.Intent(
        delivery_id=row.id, endpoint=endpoint.public_id, number=1, url=endpoint.url, body=b"{}", headers={}, at=at
    )
    internal.record_attempt(intent, answer, at=at)


def fail_once(event_id: str, at, *, gone: bool = False) -> None:
    record(event_id, Answer(status=410, duration_ms=3, error="gone") if gone else FAILED, at)
