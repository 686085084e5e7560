from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from core import errors, ids
from core.actor import SYSTEM
from jobs.models import Job
from payments import internal, selectors, services
from payments.models import Payment, PaymentMethodDetached
from payments.tests.factories import make_customer, make_method, make_payment, reread

pytestmark = pytest.mark.django_db


def test_one_key_makes_one_payment_and_one_job(facts: Callable[[], list[str]]) -> None:
    first = make_payment(key="cycle:1")
    again = make_payment(key="cycle:1", reference="another")
    assert first.id == again.id
    assert Job.objects.filter(kind="payments.collect").count() == 1
    assert facts().count("payment.requested") == 1


def test_a_second_payment_for_the_same_thing_is_refused_while_the_first_is_unsettled() -> None:
    first = make_payment()
    with pytest.raises(internal.PaymentUnderway), transaction.atomic():
        make_payment(reference=first.reference)
    assert Payment.objects.count() == 1


def test_after_a_failure_the_same_thing_may_be_asked_for_again(now: datetime) -> None:
    first = make_payment(None)
    internal.collect_payment(payment_id=first.id, now=now)
    second = make_payment(None, reference=first.reference)
    assert [one.id for one in selectors.list_payments(first.reference)] == [first.id, second.id]


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_positive(amount: int) -> None:
    with pytest.raises(IntegrityError, match="payments_payment_positive"), transaction.atomic():
        make_payment(None, amount_minor=amount)


def test_a_method_of_somebody_else_is_not_there() -> None:
    foreign = make_method(make_customer())
    with pytest.raises(errors.NotFound):
        make_payment(payment_method_id=foreign.id)


def test_a_detached_method_is_refused(now: datetime) -> None:
    method = make_method(make_customer())
    services.detach_payment_method(payment_method_id=method.id, actor=SYSTEM, now=now)
    with pytest.raises(PaymentMethodDetached):
        make_payment(None, customer_id=method.customer_id, payment_method_id=method.id)


def test_what_has_not_been_started_is_canceled(now: datetime, facts: Callable[[], list[str]]) -> None:
    payment = make_payment()
    assert internal.cancel_pending(reference=payment.reference, actor=SYSTEM, now=now) is True
    internal.collect_payment(payment_id=payment.id, now=now)
    assert reread(payment).status == "canceled"
    assert facts()[-1] == "payment.canceled"
    assert internal.cancel_pending(reference="inv_none", actor=SYSTEM, now=now) is True


def test_other_apps_see_a_payment_as_a_frozen_value() -> None:
    payment = make_payment()
    view = selectors.get_payment(payment.id)
    assert (view.public_id, view.is_unsettled, view.amount_minor) == (payment.public_id, True, 1050)
    assert selectors.has_payment_method(payment.customer_id)
    assert not selectors.has_payment_method(make_customer())
    with pytest.raises(errors.NotFound):
        selectors.get_payment(ids.new())
