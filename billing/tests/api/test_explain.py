"""`GET /invoices/{id}/explain` and `/recompute`."""

from collections.abc import Callable
from typing import Any

import pytest

from billing.tests.factories import issue, line
from core import ids
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/invoices"
TAMPER = "UPDATE billing_invoice SET subtotal_minor = 1, total_minor = 1, due_minor = 1 WHERE id = %s"


def test_an_invoice_explains_itself(api: Api) -> None:
    invoice = issue(lines=[line(1000), line(-400, description="Goodwill")])
    told = api.get(f"{PATH}/{invoice.public_id}/explain").json()
    assert (told["invoice"], told["number"], told["total_minor"]) == (invoice.public_id, invoice.number, 600)
    assert [one["calculation"] for one in told["lines"]] == ["10.00 USD", "-4.00 USD"]
    assert told["sentences"][:3] == [
        "You were charged 10.00 USD for Team plan.", "You were given back 4.00 USD for Goodwill.",
        "Together that was 6.00 USD.",
    ]  # fmt: skip


def test_an_invoice_is_computed_again(api: Api, owner_sql: Callable[..., Any]) -> None:
    invoice = issue(1000)
    path = f"{PATH}/{invoice.public_id}/recompute"
    assert api.get(path).json() == {
        "invoice": invoice.public_id, "number": invoice.number, "identical": True, "differences": [],
        "late_usage": [],
    }  # fmt: skip
    owner_sql(TAMPER, [invoice.id], off=["billing_invoice"])
    found = api.get(path).json()
    assert not found["identical"]
    assert {"line": "", "field": "total_minor", "was": "1", "now": "1000"} in found["differences"]


@pytest.mark.parametrize("what", ["explain", "recompute"])
def test_an_invoice_that_is_not_there_says_nothing(api: Api, stranger_api: Api, what: str) -> None:
    assert api.get(f"{PATH}/{ids.encode('inv', ids.new())}/{what}").status_code == 404
    assert stranger_api.get(f"{PATH}/{issue().public_id}/{what}").status_code == 404
