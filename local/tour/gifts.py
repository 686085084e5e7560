"""A gift: bought by one customer, mailed, and redeemed by another."""

import re
from email import message_from_bytes, policy

from local.client import Refused
from local.tour import company
from local.tour.stage import Body, Stage, Wrong, await_, day, expect, money
from local.tour.subscribing import sign_up

MONTHS = 3
# A code stands alone on a line of the letter.
CODE = re.compile(r"^\s*([0-9A-Z]+(?:-[0-9A-Z]+)+)\s*$", re.MULTILINE)


def buy(stage: Stage) -> str:
    """This step will have a customer buy months of the small plan for somebody else."""
    body = {
        "plan": stage.recall("basic")["id"], "intervals": MONTHS,
        "recipient": {"email": stage.email_of("dora"), "name": "Dora", "message": "Happy birthday! Ada"},
    }  # fmt: skip
    gift = stage.keep("gift", stage.recall("ada.client").post("/gifts", body))
    expect(gift["amount_minor"] == MONTHS * company.BASIC_MINOR, f"it costs {gift['amount_minor']}")
    paid = await_(lambda: _is_paid(stage, gift), f"{gift['invoice']} is paid")
    return f"{gift['id']} Basic for {MONTHS} months, {paid['number']} {money(gift['amount_minor'], 'USD')} paid"


def _is_paid(stage: Stage, gift: Body) -> Body | None:
    invoice: Body = stage.api.get(f"/invoices/{gift['invoice']}")
    return invoice if invoice["state"] == "paid" else None


def await_mail(stage: Stage) -> str:
    """This step will find the letter in the mailbox and read the code in it."""
    gift = stage.recall("gift")
    await_(lambda: stage.api.get(f"/gifts/{gift['id']}")["status"] == "delivered", f"{gift['id']} is delivered")
    letter = await_(lambda: _letter_to(stage, stage.email_of("dora")), "the letter is in the mailbox")
    found = CODE.search(letter)
    if found is None:
        raise Wrong("the letter holds no code")
    code = stage.keep("code", found[1])
    return f"to {stage.email_of('dora')}, code {code[:4]}…{code[-2:]}"


def _letter_to(stage: Stage, address: str) -> str:
    for path in sorted(stage.settings.mailbox_dir.iterdir()):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if message["To"] == address and (text := message.get_body(("plain",))):
            return str(text.get_content())
    return ""


def redeem(stage: Stage) -> str:
    """This step will have the recipient register and redeem the code, which works once."""
    code, dora = stage.recall("code"), sign_up(stage, "dora", "Dora")
    client = stage.recall("dora.client")
    gift = client.post("/gifts/redeem", {"code": code})
    subscription = client.get("/subscriptions/me")["data"][0]
    expect(subscription["id"] == gift["subscription"], f"{dora['id']} has {subscription['id']}")
    expect(subscription["status"] == "active", f"{subscription['id']} is {subscription['status']}")
    again = _refusal(stage, code)
    return f"{subscription['id']} active until {day(subscription['ends_at'])}; by somebody else: {again}"


def _refusal(stage: Stage, code: str) -> str:
    try:
        stage.recall("ada.client").post("/gifts/redeem", {"code": code})
    except Refused as refusal:
        return f"{refusal.status} {refusal.code}"
    raise Wrong("the code worked twice")
