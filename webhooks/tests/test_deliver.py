"""From a fact to a receiver, whatever the receiver does."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from standardwebhooks import Webhook

from core import clock
from core.events import StoredFact
from jobs import services as jobs
from jobs.models import Job
from webhooks import internal, messages, services, transport
from webhooks.internal import DeliveryFailed
from webhooks.models import Delivery, DeliveryAttempt, Endpoint
from webhooks.tests.receiver import Reply, listening
from webhooks.transport import Limits

pytestmark = pytest.mark.django_db

REFUSED = Reply(status=500, body=b"no")


@pytest.fixture
def run_next(run_jobs):
    """Do what is due, after the waits of what has failed."""

    def run() -> None:
        Job.objects.waiting().update(available_at=clock.wall() - timedelta(seconds=1))
        run_jobs()

    return run


def attempts() -> list[tuple[int, int | None, str]]:
    return list(DeliveryAttempt.objects.order_by("number").values_list("number", "status", "error"))


def test_a_fact_is_delivered_with_a_signature_that_the_standard_library_verifies(register, happen, run_jobs):
    with listening() as receiver:
        endpoint = register(receiver.url, event_filters=["outbox.tested"])
        event_id = happen("hello")
        run_jobs()

    [got] = receiver.received
    assert Webhook(endpoint.shown).verify(got.body, dict(got.headers.items())) == json.loads(got.body)
    assert got.headers["webhook-id"] == event_id
    assert got.headers["user-agent"].startswith("Perennial")
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.path == "/hooks?from=perennial"


def test_the_body_is_the_stored_text_of_the_fact(register, happen, run_jobs, now):
    with listening() as receiver:
        register(receiver.url, event_filters=["outbox.*"])
        event_id = happen("grüße")
        run_jobs()

    row = Delivery.objects.get()
    assert receiver.received[0].body == row.body.encode()
    assert json.loads(row.body) == {
        "id": event_id, "type": "outbox.tested", "version": 1, "timestamp": now.isoformat().replace("+00:00", "Z"),
        "sequence": 2, "subject": json.loads(row.body)["subject"], "data": {"note": "grüße"},
    }  # fmt: skip


def test_a_failed_attempt_is_kept_and_the_next_one_succeeds_with_the_same_body(register, happen, run_jobs, run_next):
    with listening(REFUSED, Reply()) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()
        assert Delivery.objects.get().state == "failed"
        run_next()

    assert attempts() == [(1, 500, "unexpected_status"), (2, 200, "")]
    assert Delivery.objects.get().state == "succeeded"
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert Endpoint.objects.get().failing_since is None


def test_the_schedule_of_attempts_is_the_published_one(register, happen, run_jobs, run_next):
    hours = 3600
    gaps = [5, 300, 1800, 2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours]
    with listening(REFUSED) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()
        for gap in gaps:
            wait = (Job.objects.get(kind="webhooks.deliver").available_at - clock.wall()).total_seconds()
            assert 0.8 * gap - 5 <= wait <= 1.2 * gap
            planned = Delivery.objects.get().next_attempt_at - clock.wall()
            assert abs(planned.total_seconds() - gap) < 5
            run_next()

    assert attempts() == [(number, 500, "unexpected_status") for number in range(1, 11)]
    assert (Delivery.objects.get().state, Job.objects.get(kind="webhooks.deliver").state) == ("dead", "dead")


def test_a_dead_letter_that_is_brought_back_has_the_whole_schedule_again(
    register, happen, run_jobs, run_next, actor, now
):
    with listening(*[REFUSED] * 11, Reply()) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()
        for _ in range(9):
            run_next()
        jobs.requeue_job(job_id=Job.objects.dead().get().id, reason="mended", actor=actor, now=now)
        run_next()
        row = Delivery.objects.get()
        assert (row.state, row.attempts_made, row.attempts_allowed) == ("failed", 11, 20)
        run_next()

    assert Delivery.objects.get().state == "succeeded"
    assert len(attempts()) == len(receiver.received) == 12


def test_a_redirect_is_a_failure_and_is_not_followed(register, happen, run_jobs):
    with listening() as other, listening(Reply(status=302, headers={"Location": other.url})) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()

    assert (len(receiver.received), other.received) == (1, [])
    assert attempts() == [(1, 302, "redirect_refused")]


def test_an_endpoint_that_is_gone_is_disabled_at_once_and_its_owner_told(
    register, happen, run_jobs, run_next, facts, mailoutbox
):
    with listening(Reply(status=410)) as receiver:
        endpoint = register(receiver.url + "&token=hush", contact_email="ops@example.com")
        run_jobs()
        run_next()

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason, len(receiver.received)) == ("disabled", "gone", 1)
    assert Delivery.objects.get().state == "canceled"
    assert facts() == ["webhook_endpoint.created", "webhook_endpoint.disabled"]
    [mail] = mailoutbox
    assert mail.to == ["ops@example.com"]
    assert endpoint.public_id in mail.body
    assert "hush" not in mail.body


@pytest.mark.parametrize("reply", [Reply(hang=True), Reply(body=b"x" * 4000, drip=True)], ids=["silent", "dripping"])
def test_a_slow_receiver_is_left_at_the_deadline(register, happen, reply):
    with listening(reply) as receiver:
        delivery = pending(register(receiver.url), happen())
        with pytest.raises(DeliveryFailed, match="timeout"):
            internal.deliver(delivery_id=delivery.id, limits=Limits(total_s=0.3))

    assert attempts() == [(1, None, "timeout")]
    assert 250 <= DeliveryAttempt.objects.get().duration_ms < 5000


def test_the_limits_are_five_seconds_to_connect_and_fifteen_in_all():
    assert (Limits().connect_s, Limits().total_s) == (5, 15)


def test_of_a_huge_answer_only_the_beginning_is_read_and_kept(register, happen):
    with listening(Reply(body=b"y" * 4_000_000)) as receiver:
        internal.deliver(delivery_id=pending(register(receiver.url), happen()).id)

    assert DeliveryAttempt.objects.get().response == "y" * 4096


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"api_key": "abc", "ok": true}', '{"api_key": "[REDACTED]", "ok": true}'),
        (b"you sent Bearer abcdef123456789", "you sent [REDACTED]"),
        (b"\xff\x00", "\ufffd\ufffd"),
        (b"", ""),
    ],
)
def test_answers_are_kept_without_secrets(register, happen, body, kept):
    with listening(Reply(status=400, body=body)) as receiver:
        delivery = pending(register(receiver.url), happen())
        with pytest.raises(DeliveryFailed):
            internal.deliver(delivery_id=delivery.id)

    assert DeliveryAttempt.objects.get().response == kept


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honored(register, happen, run_jobs, form):
    later = clock.wall() + timedelta(hours=2)
    text = "7200" if form == "seconds" else later.strftime("%a, %d %b %Y %H:%M:%S GMT")
    with listening(Reply(status=503, headers={"Retry-After": text})) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()

    job = Job.objects.get(kind="webhooks.deliver")
    assert abs(job.available_at - later) < timedelta(seconds=30)
    assert abs(Delivery.objects.get().next_attempt_at - later) < timedelta(seconds=30)


@pytest.mark.parametrize("text", ["soon", "-5", "²", "Tue, 99 Foo 2026", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_changes_nothing(register, happen, text):
    with listening(Reply(status=503, headers={"Retry-After": text.encode().decode("latin-1")})) as receiver:
        delivery = pending(register(receiver.url), happen())
        with pytest.raises(DeliveryFailed):
            internal.deliver(delivery_id=delivery.id)

    assert Delivery.objects.get().next_attempt_at - clock.wall() < timedelta(seconds=6)


def test_an_endpoint_that_nobody_serves_is_a_failure(register, happen):
    with listening() as receiver:
        delivery = pending(register(receiver.url), happen())
    with pytest.raises(DeliveryFailed, match="connection_failed"):
        internal.deliver(delivery_id=delivery.id)


def test_what_is_not_http_is_a_failure(register, happen):
    with listening(
        Reply(status=200, headers={"Content-Length": "nonsense", "Transfer-Encoding": "chunked"})
    ) as receiver:
        delivery = pending(register(receiver.url), happen())
        with pytest.raises(DeliveryFailed):
            internal.deliver(delivery_id=delivery.id)

    assert attempts()[0][1:] == (None, "connection_broken")


def test_nothing_of_ours_is_open_while_the_network_is_asked(register, happen, monkeypatch):
    delivery, seen = pending(register(), happen()), []
    before = list(connection.savepoint_ids)

    def send(*_: object, **__: object) -> transport.Answer:
        seen.append(list(connection.savepoint_ids))
        return transport.Answer(status=204, duration_ms=1)

    monkeypatch.setattr(transport, "send", send)
    internal.deliver(delivery_id=delivery.id)

    assert seen == [before]


def test_a_delivery_that_is_settled_is_not_sent_again(register, happen):
    with listening() as receiver:
        delivery = pending(register(receiver.url), happen())
        internal.deliver(delivery_id=delivery.id)
        internal.deliver(delivery_id=delivery.id)

    assert len(receiver.received) == 1


def test_an_attempt_whose_worker_died_is_counted(register, happen, monkeypatch):
    delivery = pending(register(), happen())

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(transport, "send", die)
        internal.deliver(delivery_id=delivery.id)
    monkeypatch.setattr(transport, "send", lambda *_, **__: transport.Answer(status=200, duration_ms=1))
    internal.deliver(delivery_id=delivery.id)

    assert attempts() == [(2, 200, "")]
    assert Delivery.objects.get().attempts_made == 2


def test_an_attempt_on_its_way_when_the_endpoint_was_disabled_may_still_arrive(
    register, happen, monkeypatch, actor, now
):
    endpoint = register()
    delivery = pending(endpoint, happen())

    def send(*_: object, **__: object) -> transport.Answer:
        services.disable_endpoint(endpoint_id=endpoint.id, reason="enough", actor=actor, now=now)
        assert Delivery.objects.get().state == "canceled"
        return transport.Answer(status=200, duration_ms=1)

    monkeypatch.setattr(transport, "send", send)
    internal.deliver(delivery_id=delivery.id)

    assert Delivery.objects.get().state == "succeeded"


def test_an_answer_that_comes_after_its_delivery_was_given_up_still_counts(register, happen, monkeypatch):
    endpoint = register()
    delivery = pending(endpoint, happen())
    late = transport.Answer(status=200, duration_ms=1)

    def send(*_: object, **__: object) -> transport.Answer:
        finished = {"state": "dead", "attempts_made": 10, "finished_at": clock.wall()}
        Delivery.objects.update(**finished)
        return late

    monkeypatch.setattr(transport, "send", send)
    internal.deliver(delivery_id=delivery.id)

    assert Delivery.objects.get().state == "succeeded"


def test_a_large_fact_is_sent_thin_with_a_link():
    fact = StoredFact(
        aggregate_version=1,
        id="evt_1", sequence=7, type="a.b", version=1, subject="sub_1", actor="system:worker",
        at=datetime(2026, 1, 1, tzinfo=UTC), request_id="", data={"text": "é" * 40_000},
    )  # fmt: skip
    thin = json.loads(messages.body_of(fact))

    assert (thin["id"], thin["data"]) == ("evt_1", None)
    assert thin["link"].endswith("/api/v1/events-feed?after=6&limit=1")


@pytest.mark.parametrize(
    "statement", ["UPDATE webhooks_deliveryattempt SET status = 200", "DELETE FROM webhooks_deliveryattempt"]
)
def test_attempts_only_grow(register, happen, statement):
    delivery = pending(register(), happen())
    with pytest.raises(DeliveryFailed):
        internal.deliver(delivery_id=delivery.id)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("change", [{"state": "dead"}, {"body": "other"}])
def test_the_database_refuses_what_no_delivery_may_do(register, happen, change):
    with listening() as receiver:
        delivery = pending(register(receiver.url), happen())
        internal.deliver(delivery_id=delivery.id)
    with pytest.raises(DatabaseError), transaction.atomic():
        Delivery.objects.update(**change)


def pending(endpoint: Endpoint, event_id: str) -> Delivery:
    """A delivery as the handler makes it."""
    fact = StoredFact(
        aggregate_version=1,
        id=event_id, sequence=1, type="outbox.tested", version=1, subject="env_1", actor="key:key_1",
        at=datetime(2026, 1, 1, tzinfo=UTC), request_id="", data={"note": "hello"},
    )  # fmt: skip
    assert internal.queue_fact(fact) == 1
    return Delivery.objects.get(endpoint=endpoint, event_id=event_id)
