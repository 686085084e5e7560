"""Customers who register, try, pay, fail to pay, and get money back."""

from datetime import UTC, datetime

from local.client import Answer, Client
from local.tour import company
from local.tour.invoices import await_paid, described
from local.tour.stage import Body, Stage, await_, day, expect, money

PASSWORD = "correct horse battery staple"
GOOD_CARD, FAILING_CARD = "4242 4242 4242 4242", "4000 0000 0000 0341"
# Cards run for some years; the tour's clock moves by weeks.
CARD_YEARS = 4
SEATS = 3
REFUND_MINOR = 500


def register(stage: Stage) -> str:
    """This step will register a customer with the publishable key, log him in, and see who he is."""
    customer = sign_up(stage, "ada", "Ada")
    me = stage.recall("ada.client").get("/auth/me")
    expect(me["id"] == customer["id"], f"logged in as {me['id']}")
    return f"{customer['id']} {customer['email']}"


def sign_up(stage: Stage, who: str, name: str) -> Body:
    """This function will register one of the tour's people, keep his client, and return the customer."""
    door, login = stage.api.acting_as(stage.settings.publishable_key), {"email": stage.email_of(who)}
    login["password"] = PASSWORD
    customer: Body = door.post("/auth/register", {**login, "name": name})["customer"]
    token: str = door.post("/auth/login", login)["access_token"]
    stage.keep(f"{who}.client", stage.api.acting_as(token))
    return stage.keep(who, customer)


def start_trial(stage: Stage) -> str:
    """This step will have the customer start the trial of the small plan for himself."""
    subscription = stage.keep("ada.subscription", _ask_for_trial(stage).body)
    expect(subscription["status"] == "trialing", f"{subscription['id']} is {subscription['status']}")
    return f"{subscription['id']} Basic, trialing until {day(subscription['trial_ends_at'])}"


def repeat_request(stage: Stage) -> str:
    """This step will send the very same request once more and get the first answer."""
    first, again = stage.recall("ada.subscription"), _ask_for_trial(stage)
    expect(again.body == first, f"the repeat answered {again.body.get('id')}")
    expect(again.headers.get("idempotent-replayed") == "true", "the repeat does not say that it is one")
    count = len(stage.recall("ada.client").get("/subscriptions/me")["data"])
    expect(count == 1, f"Ada has {count} subscriptions")
    return f"same Idempotency-Key, same answer: {first['id']}, one subscription"


def _ask_for_trial(stage: Stage) -> Answer:
    client: Client = stage.recall("ada.client")
    plan = stage.recall("basic")
    return client.send("POST", "/subscriptions/trial", {"plan": plan["id"]}, key=f"demo-trial-{stage.tag}")


def put_in_card(stage: Stage) -> str:
    """This step will have the customer put in a card that pays."""
    return _described(attach(stage.recall("ada.client"), GOOD_CARD))


def put_in_failing_card(stage: Stage) -> str:
    """This step will set up a second customer on trial whose card takes no charge."""
    bob = stage.keep("bob", _create_customer(stage, "bob", "Bob"))
    body = {"customer": bob["id"], "plan": stage.recall("basic")["id"]}
    # A card that has had a trial has no other; Bob's of an earlier visit may have had one.
    subscription = stage.keep("bob.subscription", stage.api.post("/subscriptions/trial", body))
    method = attach(stage.api, FAILING_CARD, customer=bob["id"])
    return f"{_described(method)}; {subscription['id']} {subscription['status']}"


def subscribe_with_seats(stage: Stage) -> str:
    """This step will have a backend subscribe a customer to the plan by the seat, paid at once."""
    carol = stage.keep("carol", _create_customer(stage, "carol", "Carol"))
    attach(stage.api, GOOD_CARD, customer=carol["id"])
    body = {"customer": carol["id"], "plan": stage.recall("pro")["id"], "quantity": SEATS}
    subscription = stage.keep("carol.subscription", stage.api.post("/subscriptions", body))
    return f"{subscription['id']} Pro x {subscription['quantity']}, {subscription['status']} until it is paid"


def await_first_payment(stage: Stage) -> str:
    """This step will see the worker charge the card and the payment activate the subscription."""
    subscription = stage.recall("carol.subscription")
    path = f"/subscriptions/{subscription['id']}"
    await_(lambda: stage.api.get(path)["status"] == "active", f"{subscription['id']} is active")
    invoice = stage.keep("carol.invoice", await_paid(stage, subscription, period=0, minor=SEATS * company.SEAT_MINOR))
    return f"{described(invoice)}; {subscription['id']} active"


def check_conversion(stage: Stage) -> str:
    """This step will see the trial converted: invoice issued, numbered, charged and paid."""
    subscription = stage.api.get(f"/subscriptions/{stage.recall('ada.subscription')['id']}")
    expect(subscription["status"] == "active", f"{subscription['id']} is {subscription['status']}")
    return described(await_paid(stage, subscription, period=0, minor=company.BASIC_MINOR))


def check_decline(stage: Stage) -> str:
    """This step will see the second customer's charge declined and his subscription past due."""
    subscription = stage.recall("bob.subscription")
    path, wanted = f"/subscriptions/{subscription['id']}", "past_due"
    await_(lambda: stage.api.get(path)["status"] == wanted, f"{subscription['id']} is past due")
    payment = stage.api.get("/payments", customer=stage.recall("bob")["id"])["data"][0]
    expect(payment["status"] == "failed", f"{payment['id']} is {payment['status']}")
    amount = money(payment["amount_minor"], payment["currency"])
    return f"{payment['id']} {amount} {payment['failure_code']}; {subscription['id']} {wanted}"


def check_renewal(stage: Stage) -> str:
    """This step will see the second month billed from the anchor and charged by the worker."""
    subscription = stage.recall("ada.subscription")
    invoice = await_paid(stage, subscription, period=1, minor=company.BASIC_MINOR)
    expect(invoice["lines"][0]["period_starts_at"] == subscription_end(stage), "the second period does not follow")
    return described(invoice)


def refund(stage: Stage) -> str:
    """This step will give a part of a payment back and see the gateway do it."""
    invoice = stage.recall("carol.invoice")
    payment = stage.api.get("/payments", reference=invoice["id"])["data"][0]
    path = f"/payments/{payment['id']}"
    refunded = stage.api.post(f"{path}/refund", {"amount_minor": REFUND_MINOR, "reason": "goodwill"})
    await_(lambda: stage.api.get(path)["refunded_minor"] == REFUND_MINOR, f"{refunded['id']} has gone back")
    given = money(REFUND_MINOR, payment["currency"])
    return f"{refunded['id']} {given} of {payment['id']} {money(payment['amount_minor'], payment['currency'])}"


def subscription_end(stage: Stage) -> str:
    """This function will return when the trial customer's first paid month ended, as its invoice says."""
    first = await_paid(stage, stage.recall("ada.subscription"), period=0, minor=company.BASIC_MINOR)
    return str(first["lines"][0]["period_ends_at"])


def attach(client: Client, number: str, **customer: str) -> Body:
    """This function will attach a test card, to the client's own customer unless another is named."""
    year = datetime.now(UTC).year + CARD_YEARS
    card = {"number": number, "exp_month": 12, "exp_year": year, "cvc": "123"}
    method: Body = client.post("/payment-methods", {"card": card, **customer})
    return method


def _described(method: Body) -> str:
    return f"{method['id']} {method['brand']} ending in {method['last4']}"


def _create_customer(stage: Stage, who: str, name: str) -> Body:
    customer: Body = stage.api.post("/customers", {"email": stage.email_of(who), "name": name})
    return customer
