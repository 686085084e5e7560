"""A bill with everything on it: tiers, a coupon, two tax rates and stored value; corrected, printed and explained."""

from urllib.parse import urljoin

import urllib3

from local.client import Refused
from local.tour import company
from local.tour.invoices import described
from local.tour.stage import Body, Stage, await_, expect, money

CURRENCY, COUNTRY = "USD", "DE"
PENDING = "document_pending"
PDF = b"%PDF-"
# 10 × 12.00 + 10 × 10.00 + 5 × 8.00 = 260.00, and 60.00 of books; less 10 %, 288.00, of which 54.00 are books;
# 19 % of 234.00 is 44.46 and 7 % of 54.00 is 3.78; the wallet pays 36.24 of 336.24.
LICENSES, BOOKS = 25, 3
TOTAL_MINOR, WALLET_MINOR, DUE_MINOR, BOOKS_MINOR = 33624, 3624, 30000, 5778

PLAN: Body = {
    "code": "studio", "name": "Studio", "family": "studio", "publish": True,
    "prices": [
        {
            "name": "Licenses", "currency": CURRENCY, "interval": "month", "model": "graduated",
            "tiers": [
                {"up_to": "10", "unit_amount": "12"}, {"up_to": "20", "unit_amount": "10"},
                {"up_to": None, "unit_amount": "8"},
            ],
        }
    ],
}  # fmt: skip
RATES: tuple[Body, ...] = (
    {"code": "vat-de", "name": "VAT", "percentage": "19", "country": COUNTRY},
    {"code": "vat-de-books", "name": "Reduced VAT", "percentage": "7", "country": COUNTRY, "tax_code": "books"},
)
COUPON: Body = {"code": "WELCOME10", "name": "Welcome", "percent": "10"}


def set_up(stage: Stage) -> str:
    """This step will make a plan by tiers, two tax rates and a coupon, and let Carol live where the rates count."""
    stage.keep("studio", company.found_or_made(stage, "/plans", PLAN))
    rates = [company.found_or_made(stage, "/tax-rates", rate) for rate in RATES]
    coupon = company.found_or_made(stage, "/coupons", COUPON)
    stage.api.send("PATCH", f"/customers/{stage.recall('carol')['id']}", {"country": COUNTRY})
    taxes = ", ".join(f"{rate['name']} {rate['percentage']} %" for rate in rates)
    return f"{coupon['id']} {coupon['code']} {coupon['percent']} %; {taxes} in {COUNTRY}"


def give_credit(stage: Stage) -> str:
    """This step will put a present into the customer's wallet."""
    wallet = stage.api.post("/wallets", {"customer": stage.recall("carol")["id"], "currency": CURRENCY})
    body = {"amount_minor": WALLET_MINOR, "description": "a thank-you"}
    stage.api.post(f"/wallets/{wallet['id']}/grant", body)
    wallet = stage.api.get(f"/wallets/{wallet['id']}")
    expect(wallet["balance_minor"] == WALLET_MINOR, f"{wallet['id']} holds {wallet['balance_minor']}")
    return f"{wallet['id']} {money(wallet['balance_minor'], CURRENCY)}"


def ask_quote(stage: Stage) -> str:
    """This step will ask what a bill would come to, and find no invoice made by asking."""
    carol = stage.recall("carol")["id"]
    before = len(stage.api.get("/invoices", customer=carol)["data"])
    quote = stage.keep("quote", stage.api.post("/quotes", _order(stage)))
    expect(quote["due_minor"] == DUE_MINOR, f"it would come to {quote['due_minor']}")
    expect(len(stage.api.get("/invoices", customer=carol)["data"]) == before, "asking made an invoice")
    return f"{money(quote['total_minor'], CURRENCY)}, of which {money(quote['due_minor'], CURRENCY)} would be due"


def issue(stage: Stage) -> str:
    """This step will bill exactly what was quoted, and see the rest of it paid by card."""
    invoice: Body = stage.api.post("/invoices", {**_order(stage), "collect": True, "finalize": True})
    path, quote = f"/invoices/{invoice['id']}", stage.recall("quote")
    for name in ("subtotal_minor", "discount_minor", "tax_minor", "total_minor"):
        expect(invoice[name] == quote[name], f"{name} is {invoice[name]} and was quoted as {quote[name]}")
    paid = await_(lambda: _paid(stage, path), f"{invoice['id']} is paid")
    expect(paid["total_minor"] == TOTAL_MINOR, f"{paid['id']} comes to {paid['total_minor']}")
    expect(paid["paid_minor"] == DUE_MINOR, f"{paid['id']} was paid {paid['paid_minor']}")
    stage.keep("bill", paid)
    used = money(paid["wallet_applied_minor"], CURRENCY)
    return f"{described(paid)}: {used} from the wallet, {money(paid['paid_minor'], CURRENCY)} by card"


def credit(stage: Stage) -> str:
    """This step will take the books back and give their money back, tax included."""
    bill = stage.recall("bill")
    books = next(line for line in bill["lines"] if line["price"] is None)
    body = {
        "invoice": bill["id"], "lines": [{"line": books["id"]}], "reason": "order_change", "settle": "refund",
        "memo": "The books came back.",
    }  # fmt: skip
    note = stage.keep("note", stage.api.post("/credit-notes", body))
    expect(note["total_minor"] == BOOKS_MINOR, f"{note['id']} comes to {note['total_minor']}")
    path = f"/invoices/{bill['id']}"
    await_(lambda: stage.api.get(path)["refunded_minor"] == BOOKS_MINOR, f"{note['id']} is refunded")
    return f"{note['number']} {note['id']} {money(note['total_minor'], CURRENCY)} refunded"


def fetch_pdf(stage: Stage) -> str:
    """This step will read the invoice as it was printed, by a link that needs no key."""
    bill = stage.recall("bill")
    link = await_(lambda: _link(stage, bill), f"{bill['id']} is printed")
    answer = urllib3.PoolManager(retries=False).request("GET", urljoin(stage.api.base_url, link["url"]))
    expect(answer.status == 200 and answer.data.startswith(PDF), f"the link answers {answer.status}")
    return f"{bill['number']}.pdf, {len(answer.data) // 1024} KiB, readable until {link['expires_at'][:16]}"


def explain(stage: Stage) -> str:
    """This step will have the invoice tell how it came about, and computed again."""
    path = f"/invoices/{stage.recall('bill')['id']}"
    told, again = stage.api.get(f"{path}/explain"), stage.api.get(f"{path}/recompute")
    expect(again["identical"], f"computed again it differs: {again['differences']}")
    expect(len(told["lines"]) == len(stage.recall("bill")["lines"]), "lines are missing")
    return "\n".join(["computed again: identical", *(f"    {sentence}" for sentence in told["sentences"])])


def _order(stage: Stage) -> Body:
    licenses = stage.recall("studio")["version"]["prices"][0]
    return {
        "customer": stage.recall("carol")["id"], "currency": CURRENCY, "coupons": [COUPON["code"]],
        "items": [
            {"price": licenses["id"], "quantity": str(LICENSES)},
            {"description": "Books", "quantity": str(BOOKS), "unit_amount": "20.00", "tax_code": "books"},
        ],
    }  # fmt: skip


def _paid(stage: Stage, path: str) -> Body | None:
    invoice: Body = stage.api.get(path)
    return invoice if invoice["state"] == "paid" else None


def _link(stage: Stage, bill: Body) -> Body | None:
    try:
        found: Body = stage.api.get(f"/invoices/{bill['id']}/pdf")
    except Refused as refusal:
        if refusal.code == PENDING:
            return None
        raise
    return found
