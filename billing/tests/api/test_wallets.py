"""`/wallets`: stored value over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import make_key, register
from billing.models import Invoice, Wallet, WalletTransaction
from billing.tests.factories import AT, issue, make_customer_id, settle
from billing.tests.wallets.builders import at, debit, grant, left, wallet_of
from core import ids
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/wallets"


@pytest.fixture(autouse=True)
def frozen(freeze: Any) -> None:
    freeze(AT)


def customer() -> tuple[UUID, Api]:
    """A customer with a login, and his client."""
    made, tokens = register()
    return made.id, with_token(tokens.access_token)


def path(wallet: Wallet, verb: str = "") -> str:
    return f"{PATH}/{wallet.public_id}{'/' if verb else ''}{verb}"


def cus(customer_id: Any) -> str:
    return ids.encode("cus", customer_id)


def test_a_wallet_is_opened_and_shown(api: Api) -> None:
    customer_id = make_customer_id()
    response = api.post(PATH, {"customer": cus(customer_id), "currency": "USD"})
    assert response.status_code == 201, response.content
    wallet = wallet_of(customer_id)
    assert response.json() == {
        "id": wallet.public_id, "customer": cus(customer_id), "currency": "USD", "balance_minor": 0,
        "usable_minor": 0, "credit_minor": 0, "auto_top_up": None, "created_at": "2026-01-15T12:00:00Z",
    }  # fmt: skip


def test_a_wallet_shows_its_lots_and_what_can_be_used_now(api: Api) -> None:
    customer_id = make_customer_id()
    grant(100, customer_id=customer_id, priority=7, expires_at=at(20), description="Welcome")
    grant(50, customer_id=customer_id, effective_at=at(16))
    grant(20, customer_id=customer_id, source="credit_note")
    wallet = grant(10, customer_id=customer_id, priority=0).wallet
    debit(wallet, 10)
    shown = api.get(path(wallet)).json()
    assert (shown["balance_minor"], shown["usable_minor"], shown["credit_minor"]) == (170, 120, 20)
    assert [lot["left_minor"] for lot in shown["lots"]] == [100, 50, 20]
    lot = shown["lots"][0]
    assert (lot["source"], lot["priority"], lot["amount_minor"], lot["expires_at"], lot["description"]) == (
        "promotion", 7, 100, "2026-01-20T12:00:00Z", "Welcome",
    )  # fmt: skip


def test_wallets_are_found_by_customer_and_currency(api: Api) -> None:
    customer_id = make_customer_id()
    euros = grant(1, customer_id=customer_id, currency="EUR").wallet
    dollars = grant(1, customer_id=customer_id).wallet
    other = grant(1, currency="EUR").wallet

    def listed(**query: str) -> list[str]:
        return [one["id"] for one in api.get(PATH, **query).json()["data"]]

    assert listed() == [other.public_id, dollars.public_id, euros.public_id]
    assert listed(customer=cus(customer_id)) == [dollars.public_id, euros.public_id]
    assert listed(customer=cus(customer_id), currency="EUR") == [euros.public_id]
    assert problem(api.get(PATH, currency="XXY"))[0] == 400


def test_a_list_takes_the_same_queries_for_one_wallet_and_for_many(
    api: Api, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    grant(1)
    api.get(PATH)
    with django_assert_max_num_queries(40) as one:
        api.get(PATH)
    for _ in range(5):
        grant(1, customer_id=make_customer_id())
    with django_assert_num_queries(len(one)):
        assert len(api.get(PATH).json()["data"]) == 6


def test_value_is_bought_by_invoice(api: Api) -> None:
    wallet = grant(1).wallet
    response = api.post(path(wallet, "top-up"), {"amount_minor": 5000})
    assert response.status_code == 201, response.content
    bought = response.json()
    assert (bought["kind"], bought["total_minor"], bought["reference"], bought["tax_minor"]) == (
        "top_up", 5000, wallet.public_id, 0,
    )  # fmt: skip
    assert [line["kind"] for line in bought["lines"]] == ["top_up"]


def test_value_is_granted(api: Api) -> None:
    wallet = grant(1).wallet
    body = {
        "amount_minor": 500, "priority": 3, "expires_at": "2026-02-01T00:00:00Z", "description": "Sorry", "key": "a",
    }  # fmt: skip
    response = api.post(path(wallet, "grant"), body)
    assert response.status_code == 201, response.content
    lot = response.json()
    assert (lot["source"], lot["left_minor"], lot["priority"], lot["description"]) == ("promotion", 500, 3, "Sorry")
    assert api.post(path(wallet, "grant"), body).json() == lot
    assert wallet_of(wallet.customer_id).balance_minor == 501


def test_a_debit_and_its_reversal_name_the_lots(api: Api) -> None:
    customer_id = make_customer_id()
    one, two = grant(30, customer_id=customer_id), grant(50, customer_id=customer_id)
    response = api.post(path(one.wallet, "debit"), {"amount_minor": 60, "description": "Two calls"})
    assert response.status_code == 201, response.content
    taken = response.json()
    assert (taken["kind"], taken["amount_minor"], taken["balance_minor"]) == ("burn", -60, 20)
    assert taken["fundings"] == [
        {"lot": one.public_id, "amount_minor": -30}, {"lot": two.public_id, "amount_minor": -30},
    ]  # fmt: skip
    response = api.post(path(one.wallet, "reverse"), {"transaction": taken["id"]})
    assert response.status_code == 201, response.content
    assert (response.json()["amount_minor"], response.json()["reverses"]) == (60, taken["id"])
    assert left(customer_id) == [30, 50]
    again = api.post(path(one.wallet, "reverse"), {"transaction": taken["id"]})
    assert problem(again) == (409, "wallet_transaction_reversed")


def test_a_key_of_the_body_outlives_the_key_of_the_request(api: Api) -> None:
    wallet = grant(100).wallet
    body = {"amount_minor": 30, "key": "order-7"}
    first, again = (api.post(path(wallet, "debit"), body) for _ in range(2))
    assert first.json() == again.json()
    assert problem(api.post(path(wallet, "debit"), {"amount_minor": 31, "key": "order-7"})) == (
        422, "wallet_key_reused",
    )  # fmt: skip
    assert wallet_of(wallet.customer_id).balance_minor == 70


def test_without_a_key_of_its_own_the_requests_key_counts(api: Api) -> None:
    wallet = grant(100).wallet
    key = "k" * 255
    assert api.post(path(wallet, "debit"), {"amount_minor": 30}, key=key).status_code == 201
    assert api.post(path(wallet, "debit"), {"amount_minor": 30}, key=key).status_code == 201
    assert wallet_of(wallet.customer_id).balance_minor == 70


def test_a_debit_above_the_balance_says_what_there_is(api: Api) -> None:
    wallet = grant(50).wallet
    response = api.post(path(wallet, "debit"), {"amount_minor": 80})
    assert problem(response) == (409, "wallet_insufficient")
    assert (response.json()["balance_minor"], response.json()["usable_minor"]) == (50, 50)
    assert wallet_of(wallet.customer_id).balance_minor == 50


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("debit", {}),
        ("debit", {"amount_minor": 0}),
        ("debit", {"amount_minor": -1}),
        ("debit", {"amount_minor": 1.5}),
        ("debit", {"amount_minor": "1"}),
        ("debit", {"amount_minor": 10**15 + 1}),
        ("debit", {"amount_minor": 1, "amount": 1}),
        ("debit", {"amount_minor": 1, "key": ""}),
        ("debit", {"amount_minor": 1, "key": "k" * 256}),
        ("top-up", {"amount_minor": 0}),
        ("top-up", {"amount_minor": 1, "currency": "EUR"}),
        ("grant", {"amount_minor": 1, "priority": 1001}),
        ("grant", {"amount_minor": 1, "expires_at": "2026-01-15T12:00:00Z"}),
        ("grant", {"amount_minor": 1, "expires_at": "tomorrow"}),
        ("reverse", {}),
        ("reverse", {"transaction": "wal_1"}),
    ],
)
def test_what_is_no_sense_is_refused(api: Api, verb: str, body: dict[str, Any]) -> None:
    wallet = grant(50).wallet
    assert api.post(path(wallet, verb), body).status_code == 422
    assert wallet_of(wallet.customer_id).balance_minor == 50
    assert not Invoice.objects.exists()


def test_a_wallet_in_no_or_another_currency_is_refused(api: Api) -> None:
    customer = cus(make_customer_id(currency="USD"))
    assert api.post(PATH, {"customer": customer, "currency": "XXY"}).status_code == 422
    assert problem(api.post(PATH, {"customer": customer, "currency": "EUR"})) == (409, "wallet_currency_mismatch")
    assert api.post(PATH, {"customer": customer, "currency": "USD"}).status_code == 201
    assert problem(api.post(PATH, {"customer": customer, "currency": "USD"})) == (409, "wallet_exists")
    assert problem(api.post(PATH, {"customer": cus(ids.new()), "currency": "USD"})) == (404, "not_found")


def test_transactions_are_listed_with_their_fundings(api: Api, django_assert_max_num_queries: Any) -> None:
    customer_id = make_customer_id()
    wallet = grant(1000, customer_id=customer_id).wallet
    invoice = issue(300, customer_id=customer_id)
    debit(wallet, 50)
    with django_assert_max_num_queries(12):
        rows = api.get(path(wallet, "transactions")).json()["data"]
    assert [(row["kind"], row["amount_minor"], row["invoice"]) for row in rows] == [
        ("burn", -50, None), ("burn", -300, invoice.public_id), ("grant", 1000, None),
    ]  # fmt: skip
    assert all(sum(one["amount_minor"] for one in row["fundings"]) == row["amount_minor"] for row in rows)
    only = api.get(path(wallet, "transactions"), invoice=invoice.public_id, kind="burn").json()["data"]
    assert [row["amount_minor"] for row in only] == [-300]
    assert api.get(path(wallet, "transactions"), created_from="2026-01-16T00:00:00Z").json()["data"] == []


def test_the_automatic_top_up_is_switched_on_and_off(api: Api) -> None:
    wallet = grant(1000).wallet
    rule = {"below_minor": 500, "amount_minor": 5000}
    assert api.patch(path(wallet), {"auto_top_up": rule}).json()["auto_top_up"] == rule
    assert api.patch(path(wallet), {"auto_top_up": {"below_minor": 500}}).status_code == 422
    assert api.patch(path(wallet), {}).status_code == 422
    assert api.get(path(wallet)).json()["auto_top_up"] == rule
    assert api.patch(path(wallet), {"auto_top_up": None}).json()["auto_top_up"] is None


def test_another_environments_wallet_is_not_there(stranger_api: Api) -> None:
    wallet = grant(50).wallet
    assert stranger_api.get(path(wallet)).status_code == 404
    assert stranger_api.get(path(wallet, "transactions")).status_code == 404
    for verb, body in (("debit", {"amount_minor": 1}), ("grant", {"amount_minor": 1}), ("top-up", {"amount_minor": 1})):
        assert stranger_api.post(path(wallet, verb), body).status_code == 404
    assert stranger_api.patch(path(wallet), {"auto_top_up": None}).status_code == 404
    assert wallet_of(wallet.customer_id).balance_minor == 50


def test_a_reading_key_takes_nothing() -> None:
    wallet = grant(50).wallet
    reader = Api(make_key(("read",)))
    assert reader.get(path(wallet)).status_code == 200
    assert reader.post(path(wallet, "debit"), {"amount_minor": 1}).status_code == 403
    assert with_key("wallets:write").post(path(wallet, "debit"), {"amount_minor": 1}).status_code == 201
    assert WalletTransaction.objects.filter(kind="burn").count() == 1


def test_a_customer_sees_and_fills_his_own_wallet_only() -> None:
    mine, client = customer()
    wallet, other = grant(50, customer_id=mine).wallet, grant(70).wallet
    assert [one["id"] for one in client.get(PATH).json()["data"]] == [wallet.public_id]
    assert client.get(path(wallet)).json()["balance_minor"] == 50
    assert len(client.get(path(wallet, "transactions")).json()["data"]) == 1
    assert client.post(path(wallet, "top-up"), {"amount_minor": 500}).status_code == 201
    assert client.get("/api/v1/statements", currency="USD").json()["customer"] == cus(mine)
    for refused in (
        client.get(path(other)),
        client.get(path(other, "transactions")),
        client.post(path(other, "top-up"), {"amount_minor": 500}),
        client.get("/api/v1/statements", currency="USD", customer=cus(other.customer_id)),
    ):
        assert refused.status_code == 404
    for verb in ("debit", "grant"):
        assert client.post(path(wallet, verb), {"amount_minor": 1}).status_code == 403
    assert client.patch(path(wallet), {"auto_top_up": None}).status_code == 403
    assert client.post(PATH, {"customer": cus(mine), "currency": "EUR"}).status_code == 403
    assert wallet_of(mine).balance_minor == 50
    assert Invoice.objects.count() == 1


def test_a_statement_shows_what_was_owed_and_stored(api: Api) -> None:
    customer_id = make_customer_id()
    grant(400, customer_id=customer_id)
    invoice = issue(1000, customer_id=customer_id)
    settle(invoice, 700)
    shown = api.get(
        "/api/v1/statements", customer=cus(customer_id), currency="USD", to="2026-01-16T00:00:00Z",
        **{"from": "2026-01-15T00:00:00Z"},
    ).json()  # fmt: skip
    assert (shown["opening_minor"], shown["closing_minor"]) == (0, 0)
    members = ("kind", "amount_minor", "change_minor", "balance_minor")
    assert [tuple(one[name] for name in members) for one in shown["entries"]] == [
        ("invoice", 1000, 1000, 1000), ("stored_value", 400, -400, 600), ("payment", 700, -600, 0),
    ]  # fmt: skip
    assert [(one["kind"], one["change_minor"], one["balance_minor"]) for one in shown["wallet"]["entries"]] == [
        ("grant", 400, 400), ("burn", -400, 0), ("grant", 100, 100),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"customer": "nobody", "currency": "USD"}, 404),
        ({"currency": "USD"}, 400),
        ({"customer": "known"}, 400),
        ({"customer": "known", "currency": "usd"}, 400),
        ({"customer": "known", "currency": "USD", "from": "yesterday"}, 400),
        ({"customer": "known", "currency": "USD", "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 422),
        ({"customer": "known", "currency": "USD", "from": "2020-01-01T00:00:00Z"}, 422),
        ({"customer": "known", "currency": "USD", "since": "x"}, 400),
    ],
)
def test_a_statement_of_nothing_is_refused(api: Api, query: dict[str, str], status: int) -> None:
    make_customer_id(external_ref="known")
    assert api.get("/api/v1/statements", **query).status_code == status
