"""`/tax-rates`."""

from typing import Any

import pytest

from billing.models import TaxRate
from billing.tests.coupons import make_tax_rate

pytestmark = pytest.mark.django_db
PATH = "/api/v1/tax-rates"
QUERIES = 5
RATE = {"code": "de-19", "name": "USt", "percentage": "19"}


def test_a_rate_is_made_and_shown(api: Any) -> None:
    answer = api.post(PATH, RATE | {"country": "DE", "tax_code": "standard", "starts_at": "2026-01-01T00:00:00Z"})
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["percentage"], shown["country"], shown["region"], shown["ends_at"]) == ("19", "DE", "", None)
    assert api.get(f"{PATH}/{shown['id']}").json() == shown


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"percentage": "-1"}, "validation_failed"), ({"percentage": "101"}, "validation_failed"),
        ({"percentage": "1.1234567"}, "validation_failed"), ({"percentage": True}, "validation_failed"),
        ({"country": "Germany"}, "validation_failed"), ({"country": "de"}, "validation_failed"),
        ({"region": "NY"}, "tax_rate_invalid"), ({"code": "reverse_charge"}, "tax_rate_invalid"),
        ({"code": "a b"}, "validation_failed"), ({"surprise": 1}, "validation_failed"),
        ({"starts_at": "2027-01-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "tax_rate_invalid"),
    ],
)  # fmt: skip
def test_a_rate_that_makes_no_sense_is_not_made(api: Any, change: dict[str, Any], code: str) -> None:
    answer = api.post(PATH, RATE | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert TaxRate.objects.count() == 0


def test_a_code_is_given_once(api: Any) -> None:
    api.post(PATH, RATE)
    answer = api.post(PATH, RATE | {"percentage": "7"})
    assert (answer.status_code, answer.json()["code"]) == (409, "tax_rate_code_taken")


def test_only_the_name_and_the_end_of_a_rate_change(api: Any) -> None:
    path = f"{PATH}/{make_tax_rate().public_id}"
    assert api.patch(path, {"name": "USt", "ends_at": "2099-01-01T00:00:00Z"}).json()["name"] == "USt"
    assert api.patch(path, {"percentage": "7"}).status_code == 422
    assert api.get(path).json()["percentage"] == "20"


def test_an_archived_rate_stays_to_be_seen(api: Any) -> None:
    rate, other = make_tax_rate(country="DE"), make_tax_rate(country="FR", tax_code="books")
    path = f"{PATH}/{rate.public_id}"
    assert api.post(f"{path}/archive").json()["archived_at"] is not None
    assert api.post(f"{path}/archive").status_code == 409
    assert api.patch(path, {"name": "USt"}).status_code == 409
    found = [
        [one["code"] for one in api.get(PATH, **query).json()["data"]]
        for query in ({"archived": "true"}, {"archived": "false"}, {"country": "DE"}, {"tax_code": "books"})
    ]
    assert found == [[rate.code], [other.code], [rate.code], [other.code]]


def test_a_page_of_rates_takes_as_many_queries_as_one(api: Any, django_assert_num_queries: Any) -> None:
    make_tax_rate()
    api.get(PATH)  # the first use of a key in a while is noted
    with django_assert_num_queries(QUERIES):
        api.get(PATH)
    for _ in range(5):
        make_tax_rate()
    with django_assert_num_queries(QUERIES):
        assert len(api.get(PATH).json()["data"]) == 6


def test_a_stranger_sees_nothing(stranger_api: Any) -> None:
    path = f"{PATH}/{make_tax_rate().public_id}"
    assert stranger_api.get(PATH).json()["data"] == []
    assert stranger_api.post(f"{path}/archive").status_code == 404
    assert TaxRate.objects.get().archived_at is None
