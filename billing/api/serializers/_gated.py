"""The shapes of what stands behind feature flags."""

from core.http.serializers import Currency, LocalDate, ResponseBody, StrictInt


class StateCounts(ResponseBody):
    """How many invoices there are in each state."""

    draft = StrictInt()
    open = StrictInt()
    paid = StrictInt()
    void = StrictInt()
    uncollectible = StrictInt()


class FlowBody(ResponseBody):
    """The invoicing flow in use, and how many invoices it has in each state."""

    version = StrictInt()
    invoices = StateCounts()


class MonthBody(ResponseBody):
    """One month of one currency in the books."""

    month = LocalDate()
    currency = Currency()
    revenue_minor = StrictInt()
    refunds_minor = StrictInt()
    cash_minor = StrictInt()


class AnalyticsBody(ResponseBody):
    """Revenue and cash per month and currency, from the ledger."""

    months = MonthBody(many=True)
