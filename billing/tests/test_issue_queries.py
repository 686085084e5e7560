"""Issuing an invoice takes the same queries whatever its lines."""

from decimal import Decimal
from typing import Any

import pytest

from billing import internal
from billing.internal import Basis, NewLine
from billing.tests.coupons import make_coupon, make_tax_rate, redeem
from billing.tests.factories import issue, make_customer_id
from billing.tests.wallets.builders import grant
from catalog import selectors as catalog
from catalog.models import Price
from catalog.tests.factories import make_plan, seats

pytestmark = pytest.mark.django_db

# Stored value, a coupon and two tax rates included; docs/billing.md names the number.
QUERIES = 20


def priced(lines: int) -> list[NewLine]:
    terms = catalog.get_price(Price.objects.get(version__plan=make_plan(seats())).id)
    return [
        internal.priced_line(terms, Basis(price_id=terms.price_id, quantity=Decimal(seat)), description="Seats")
        for seat in range(1, lines + 1)
    ]


@pytest.mark.parametrize("lines", [1, 20, 200])
def test_an_invoice_takes_the_same_queries_for_any_number_of_lines(lines: int, django_assert_num_queries: Any) -> None:
    customer_id = make_customer_id(country="DE")
    for code in ("vat", "city"):
        make_tax_rate(code=code, country="DE")
    redeem(make_coupon(duration="forever"), customer_id=customer_id, reference="sub_mine")
    grant(100, customer_id=customer_id)
    # The first invoice opens the series and the accounts.
    issue(customer_id=customer_id)
    grant(100, customer_id=customer_id)
    new = priced(lines)
    with django_assert_num_queries(QUERIES):
        issue(customer_id=customer_id, lines=new, reference="sub_mine")
