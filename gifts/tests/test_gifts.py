"""A gift from the buyer's card to the friend's subscription, and every way it can end otherwise."""

from datetime import timedelta
from itertools import product

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction

from accounts.tests.factories import make_customer
from billing import selectors as invoices
from billing.models import Posting
from catalog.tests.factories import make_plan, monthly
from core import invariants, tenancy
from core.actor import SYSTEM
from gifts import internal, services, states, tasks
from gifts.models import Gift
from gifts.tests.factories import FRIEND, NOW, buy, mailed_codes, make_buyer, reread
from jobs.models import Job
from subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def frozen(freeze) -> None:
    freeze(NOW)


@pytest.fixture
def delivered(run_jobs) -> Gift:
    gift = buy()
    run_jobs()
    return reread(gift)


@pytest.fixture
def friend(frozen):
    return make_customer(email=FRIEND, now=NOW)


def balance(code: str) -> int:
    return sum(Posting.objects.filter(account__code=code).values_list("amount_minor", flat=True))


def redeem(gift: Gift, customer, *, at=NOW, code: str | None = None):
    from_mail = code or mailed_codes()[-1]
    return services.redeem_code(code=from_mail, customer_id=customer.pk, actor=SYSTEM, now=at)


def test_a_paid_gift_is_mailed_and_waits_thirty_days(delivered):
    assert delivered.status == states.DELIVERED
    assert delivered.expires_at == NOW + timedelta(days=30)
    assert [letter.to for letter in mail.outbox] == [[FRIEND]]
    assert invoices.list_invoices(delivered.public_id)[0].state == "paid"


def test_a_mail_that_was_noted_is_not_sent_again_by_whoever_takes_its_job_over(delivered, run_jobs, actor):
    """The one before died after the note: his job is done, and a mail that was ordered later is another one."""
    payload = Job.objects.get(kind="gifts.deliver").payload
    tasks.deliver(**payload)
    assert (len(mail.outbox), reread(delivered).deliveries) == (1, 1)

    services.resend_gift(gift_id=delivered.pk, actor=actor, now=NOW)
    run_jobs()
    tasks.deliver(**payload)
    assert (len(mail.outbox), reread(delivered).deliveries) == (2, 2)


def test_the_code_is_in_the_mail_and_nowhere_else(delivered):
    (code,) = mailed_codes()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
               AND relnamespace = 'public'::regnamespace"""
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" row WHERE row::text ILIKE %s', [f"%{code}%"])
            assert cursor.fetchone() == (0,), table


def test_a_gift_that_is_not_paid_is_not_mailed(run_jobs):
    gift = buy(make_buyer("card_declined"))
    run_jobs()

    assert reread(gift).status == states.PENDING
    assert mail.outbox == []


def test_a_gift_for_a_birthday_is_mailed_on_the_day(freeze, run_jobs):
    gift = buy(deliver_at=NOW + timedelta(days=10))
    run_jobs()
    assert (reread(gift).status, mail.outbox) == (states.PAID, [])

    freeze(NOW + timedelta(days=10))
    run_jobs()
    assert reread(gift).status == states.DELIVERED


def test_a_redeemed_gift_is_a_term_that_expires(delivered, friend, freeze, run_jobs):
    gift = redeem(delivered, friend)
    subscription = Subscription.objects.get(customer_id=friend.pk)
    assert (gift.status, gift.subscription) == (states.REDEEMED, subscription.public_id)
    assert (subscription.status, subscription.ends_at) == ("active", NOW.replace(month=4))

    freeze(NOW.replace(month=4))
    run_jobs()
    assert Subscription.objects.get(pk=subscription.pk).status == "expired"


def test_a_gift_extends_the_subscription_one_has(run_jobs, friend):
    plan = make_plan(now=NOW)
    first, second = buy(plan=plan), buy(plan=plan)
    run_jobs()
    for gift, code in zip((first, second), mailed_codes(), strict=True):
        redeem(gift, friend, code=code)

    assert Subscription.objects.get(customer_id=friend.pk).ends_at == NOW.replace(month=7)


def test_a_gift_is_redeemed_once(delivered, friend):
    redeem(delivered, friend)
    with pytest.raises(services.AlreadyRedeemed):
        redeem(delivered, friend)
    with pytest.raises(services.GiftNotRedeemable):
        redeem(delivered, make_customer(now=NOW))

    assert Subscription.objects.count() == 1


def test_the_friend_who_is_logged_in_needs_no_code(delivered, friend, actor):
    gift = services.redeem_gift(gift_id=delivered.pk, customer_id=friend.pk, actor=actor, now=NOW)
    assert gift.status == states.REDEEMED


def test_nobody_else_redeems_by_id(delivered, actor):
    with pytest.raises(services.GiftNotRedeemable):
        services.redeem_gift(gift_id=delivered.pk, customer_id=make_customer(now=NOW).pk, actor=actor, now=NOW)
    assert reread(delivered).status == states.DELIVERED


def test_a_wrong_code_says_nothing(delivered, friend):
    with pytest.raises(services.GiftNotRedeemable):
        redeem(delivered, friend, code="0" * 25)


def test_a_code_of_another_environment_is_no_code_here(delivered, live_environment):
    with tenancy.scope(live_environment):
        foreign = make_customer(email=FRIEND, now=NOW)
        with pytest.raises(services.GiftNotRedeemable):
            redeem(delivered, foreign)


def test_at_the_instant_of_its_expiry_a_gift_is_expired(delivered, friend):
    with pytest.raises(services.GiftNotRedeemable):
        redeem(delivered, friend, at=delivered.expires_at)
    assert redeem(delivered, friend, at=delivered.expires_at - timedelta(microseconds=1)).status == states.REDEEMED


def test_an_unredeemed_gift_expires_and_its_money_is_earned(delivered, freeze, run_jobs):
    assert balance("gift_liability") == -6000
    freeze(delivered.expires_at)
    run_jobs()

    assert reread(delivered).status == states.EXPIRED
    assert (balance("gift_liability"), balance("revenue")) == (0, -6000)


def test_by_policy_an_expired_gift_goes_back_to_its_buyer(delivered, freeze, run_jobs, settings):
    settings.GIFT_EXPIRY_POLICY = "refund"
    freeze(delivered.expires_at)
    run_jobs()

    assert reread(delivered).status == states.REFUNDED
    assert (balance("gift_liability"), balance("revenue"), balance("cash")) == (0, 0, 0)


def test_a_canceled_gift_is_refunded(delivered, actor, run_jobs, friend):
    services.cancel_gift(gift_id=delivered.pk, reason="changed my mind", actor=actor, now=NOW)
    run_jobs()

    assert reread(delivered).status == states.REFUNDED
    assert (balance("gift_liability"), balance("cash")) == (0, 0)
    with pytest.raises(services.GiftNotRedeemable):
        redeem(delivered, friend)


def test_a_gift_that_was_never_paid_is_canceled_with_its_invoice(actor, run_jobs):
    gift = buy(make_buyer("card_declined"))
    run_jobs()
    services.cancel_gift(gift_id=gift.pk, reason="", actor=actor, now=NOW)

    assert reread(gift).status == states.CANCELED
    assert invoices.list_invoices(gift.public_id)[0].state == "void"


def test_a_redeemed_gift_cannot_be_taken_back(delivered, friend, actor):
    redeem(delivered, friend)
    with pytest.raises(states.GiftTransitionInvalid):
        services.cancel_gift(gift_id=delivered.pk, reason="", actor=actor, now=NOW)
    assert reread(delivered).status == states.REDEEMED


def test_a_gift_mailed_again_has_a_second_code_and_both_work(delivered, friend, actor, run_jobs):
    services.resend_gift(gift_id=delivered.pk, actor=actor, now=NOW)
    run_jobs()

    first, second = mailed_codes()
    assert first != second
    assert redeem(delivered, friend, code=first).status == states.REDEEMED


def test_a_crash_between_mail_and_record_mails_again_and_loses_nothing(run_jobs, monkeypatch, friend, owner_sql):
    def die(*_: object, **__: object) -> None:
        raise ConnectionError("the worker lost its database just after the mail had gone")

    gift = buy()
    with monkeypatch.context() as broken:
        broken.setattr(internal, "mark_delivered", die)
        run_jobs()
    assert (reread(gift).status, len(mailed_codes())) == (states.PAID, 1)

    owner_sql("UPDATE jobs_job SET available_at = clock_timestamp() WHERE kind = 'gifts.deliver'")
    run_jobs()
    first, second = mailed_codes()
    assert (reread(gift).status, reread(gift).deliveries) == (states.DELIVERED, 1)
    assert first != second
    assert redeem(gift, friend, code=first).status == states.REDEEMED


def test_a_free_plan_cannot_be_given():
    with pytest.raises(services.PlanIsFree):
        buy(plan=make_plan(monthly("0"), now=NOW))
    assert not Gift.objects.exists()


def test_the_database_knows_the_state_table(delivered, owner_sql):
    owner_sql("ALTER TABLE gifts_gift DROP CONSTRAINT gifts_gift_redeemed_by_somebody")
    for old, new in product(states.STATES, states.STATES):
        owner_sql("UPDATE gifts_gift SET status = %s", [old], off=["gifts_gift"])
        assert is_let(new) == (old == new or new in states.TRANSITIONS[old]), (old, new)


def is_let(new: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE gifts_gift SET status = %s", [new])
    except DatabaseError:
        return False
    return True


def test_what_was_sold_is_fixed(delivered):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE gifts_gift SET amount_minor = 1")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM gifts_gift")


class TestInvariants:
    def test_a_healthy_gift_breaks_none(self, delivered, friend):
        redeem(delivered, friend)
        assert invariants.broken("gifts.redeemed_once") == []
        assert invariants.broken("gifts.redeemed_in_time") == []

    def test_a_redemption_without_a_term_is_found(self, delivered, friend, owner_sql):
        redeem(delivered, friend)
        owner_sql(
            "UPDATE subscriptions_extension SET source = 'gft_other' WHERE source <> ''",
            off=["subscriptions_extension"],
        )
        assert invariants.broken("gifts.redeemed_once")

    def test_a_redemption_after_the_expiry_is_found(self, delivered, friend, owner_sql):
        redeem(delivered, friend)
        owner_sql("ALTER TABLE gifts_gift DROP CONSTRAINT gifts_gift_redeemed_in_time")
        owner_sql("UPDATE gifts_gift SET redeemed_at = expires_at", off=["gifts_gift"])
        assert invariants.broken("gifts.redeemed_in_time")
