"""Invoices, as the tour looks at them."""

from local.tour.stage import Body, Stage, await_, expect, money


def await_paid(stage: Stage, subscription: Body, *, period: int, minor: int) -> Body:
    """This function will wait for the paid invoice of a period (0 is the first) and return it.

    :raises Wrong: if it does not come, has no number, or comes to another amount.
    """
    invoice = await_(lambda: _paid(stage, subscription, period), f"period {period} of {subscription['id']} is paid")
    expect(invoice["number"], f"{invoice['id']} has no number")
    expect(invoice["total_minor"] == minor, f"{invoice['id']} comes to {total(invoice)}")
    expect(invoice["paid_minor"] == minor, f"{invoice['id']} was paid {invoice['paid_minor']}")
    return invoice


def _paid(stage: Stage, subscription: Body, period: int) -> Body | None:
    newest_first: list[Body] = stage.api.get("/invoices", reference=subscription["id"])["data"]
    found = newest_first[::-1][period : period + 1]
    return found[0] if found and found[0]["state"] == "paid" else None


def described(invoice: Body) -> str:
    """This function will return an invoice in a few words."""
    return f"{invoice['number']} {invoice['id']} {total(invoice)} {invoice['state']}"


def total(invoice: Body) -> str:
    """This function will write what an invoice comes to."""
    return money(invoice["total_minor"], invoice["currency"])
