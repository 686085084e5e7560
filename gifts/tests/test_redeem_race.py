"""Twenty who redeem one gift at the same instant."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from django.db import connection, transaction

from accounts.tests.factories import make_customer
from core.actor import SYSTEM
from gifts import internal, services
from gifts.models import Gift
from gifts.tests.factories import NOW, buy
from subscriptions.models import Subscription

MANY = 20


def test_one_wins_and_everybody_else_is_told_the_same(committed, sandbox_scope):
    with sandbox_scope(), transaction.atomic():
        gift = buy()
        customers = [make_customer(now=NOW).pk for _ in range(MANY)]
    with sandbox_scope():
        internal.mark_paid(invoice=gift.invoice, actor=SYSTEM, now=NOW)
        letter = internal.write_letter(gift.pk, now=NOW)
        internal.mark_delivered(gift.pk, actor=SYSTEM, now=NOW)
    assert letter is not None
    start = Barrier(MANY)

    def redeem(customer_id: UUID) -> str:
        try:
            with sandbox_scope():
                start.wait(timeout=60)
                services.redeem_code(code=letter.code, customer_id=customer_id, actor=SYSTEM, now=NOW)
        except services.GiftNotRedeemable:
            return "refused"
        finally:
            connection.close()
        return "redeemed"

    with ThreadPoolExecutor(MANY) as pool:
        outcomes = Counter(pool.map(redeem, customers))

    assert outcomes == {"redeemed": 1, "refused": MANY - 1}
    with sandbox_scope(), transaction.atomic():
        taken, subscription = Gift.objects.get(), Subscription.objects.get()
        assert (taken.redeemed_by_id, taken.subscription) == (subscription.customer_id, subscription.public_id)
