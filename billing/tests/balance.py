"""Reading the books in tests."""

from django.db import connection
from django.db.models import Sum

from billing.models import Posting


def balances(currency: str = "USD") -> dict[str, int]:
    """The balance of every account that is not even, by code; debits are positive."""
    postings = Posting.objects.filter(currency=currency).order_by()
    sums = postings.values_list("account__code").annotate(Sum("amount_minor"))
    return {code: int(amount) for code, amount in sums if amount}


def check_journals() -> None:
    """Have the database check now what it would check at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
