"""What the business looks like, by month and currency, while `advanced_analytics` is on."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from core import clock
from core.http import fields, refusals
from core.http.serializers import Currency, DecimalText, Minor, ResponseBody, StrictInt, StrictString
from core.http.views import Request, Resource, ok
from featureflags import services as flags
from subscriptions import selectors
from subscriptions.months import Months, MonthsInvalid

analytics_on = flags.requires("advanced_analytics")


MONTH = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "examples": ["2026-01"]}


@extend_schema_field(MONTH)
class Month(serializers.Field[Any, Any, str, Any]):
    """A calendar month in UTC, such as `2026-01`."""

    def to_representation(self, value: Any) -> str:
        """This function will write the month."""
        return f"{value:%Y-%m}"


class Rate(DecimalText):
    """A share with six decimal places, `0.05` is 5 %; null of nothing."""

    def __init__(self) -> None:
        super().__init__(max_digits=18, decimal_places=6, min_value=None, allow_null=True)


class MrrMonthBody(ResponseBody):
    """start + new + reactivation + expansion − contraction − churn = end, in every month and over all of them."""

    month = Month()
    start_minor = Minor()
    new_minor = Minor()
    reactivation_minor = Minor()
    expansion_minor = Minor()
    contraction_minor = Minor()
    churn_minor = Minor()
    end_minor = Minor()


class MrrBody(ResponseBody):
    """The monthly recurring revenue of one currency; `total` is all months as if they were one."""

    currency = Currency()
    months = MrrMonthBody(many=True)
    total = MrrMonthBody()


class ChurnMonthBody(ResponseBody):
    """Who came and who went, and what that was worth.

    `customers_lost`, `lost_minor`, `kept_minor` and the rates tell of those alone who were there at the start.
    """

    month = Month()
    customers_start = StrictInt()
    customers_new = StrictInt()
    customers_reactivated = StrictInt()
    customers_churned = StrictInt()
    customers_end = StrictInt()
    start_minor = Minor()
    churn_minor = Minor()
    contraction_minor = Minor()
    expansion_minor = Minor()
    customers_lost = StrictInt()
    lost_minor = Minor()
    kept_minor = Minor()
    customer_churn_rate = Rate()
    gross_churn_rate = Rate()
    net_retention_rate = Rate()


class ReasonBody(ResponseBody):
    """Why subscriptions were ended, by a word of ours; `other` is every other text, and empty is unknown."""

    reason = StrictString()
    customers = StrictInt()
    mrr_minor = Minor()


class ChurnBody(ResponseBody):
    """The churn of one currency; `reasons` are those of all months, what cost most first."""

    currency = Currency()
    months = ChurnMonthBody(many=True)
    total = ChurnMonthBody()
    reasons = ReasonBody(many=True)


class CohortMonthBody(ResponseBody):
    """What is left at the end of a month; `number` 0 is the month in which the cohort came."""

    number = StrictInt()
    month = Month()
    customers = StrictInt()
    mrr_minor = Minor()
    customer_rate = Rate()
    mrr_rate = Rate()


class CohortBody(ResponseBody):
    """The customers who were new in a month, in one currency."""

    currency = Currency()
    month = Month()
    customers = StrictInt()
    mrr_minor = Minor()
    months = CohortMonthBody(many=True)


class RevenueMonthBody(ResponseBody):
    """What was earned and credited, without tax; tax and debts given up beside it."""

    month = Month()
    earned_minor = Minor()
    credited_minor = Minor()
    revenue_minor = StrictInt()
    tax_minor = StrictInt()
    written_off_minor = StrictInt()


class RevenueBody(ResponseBody):
    """The revenue of one currency, from the books."""

    currency = Currency()
    months = RevenueMonthBody(many=True)
    total = RevenueMonthBody()


class CashMonthBody(ResponseBody):
    """What came in and what went back."""

    month = Month()
    received_minor = Minor()
    paid_back_minor = Minor()
    cash_minor = StrictInt()


class CashBody(ResponseBody):
    """The cash of one currency, from the books."""

    currency = Currency()
    months = CashMonthBody(many=True)
    total = CashMonthBody()


def answered(of: type[ResponseBody]) -> type[ResponseBody]:
    """This function will return the shape of an answer: the months, and one entry per currency."""
    said = f"{(of.__doc__ or '').strip()} `from` and `to` are the first and the last month."
    members = {"__doc__": said, "from": Month(), "to": Month(), "data": of(many=True)}
    return type(of.__name__.replace("Body", "AnalyticsBody"), (ResponseBody,), members)


class Analytics(Resource):
    """Figures by month (UTC) and currency, which are never mixed. `from` and `to` are months such as 2026-01.

    Without them the last twelve months are told; a range has at most sixty.
    """

    scope = "analytics"
    query_parameters = ("from", "to", "currency")
    parameter_shapes = {"from": MONTH, "to": MONTH, "currency": {"type": "string", "examples": ["USD"]}}

    def asked(self) -> tuple[Months, str | None]:
        """This function will return the months and the currency that are asked for.

        :raises core.http.refusals.InvalidParameter: naming the first that is wrong.
        """
        given = self.request.query_params
        try:
            months = Months.asked(given.get("from"), given.get("to"), now=clock.now())
        except MonthsInvalid as refused:
            raise refusals.InvalidParameter(refused.detail, parameter="from" if "from" in given else "to") from None
        return months, self._currency(given.get("currency"))

    def _currency(self, text: str | None) -> str | None:
        try:
            return None if text is None else fields.Currency().to_internal_value(text)
        except ValidationError:
            raise refusals.InvalidParameter("The value of currency is not valid.", parameter="currency") from None

    def answer(self, body: type[ResponseBody], months: Months, data: tuple[Any, ...]) -> Response:
        """This function will render what was found."""
        return ok(body.of({"from": months.first, "to": months.last, "data": data}))


MRR, CHURN, COHORTS, REVENUE, CASH = (answered(one) for one in (MrrBody, ChurnBody, CohortBody, RevenueBody, CashBody))


class Mrr(Analytics):
    """Monthly recurring revenue, and what moved it."""

    serializer_class = MRR
    responses = {"list": {200: MRR}}

    @analytics_on
    def list(self, request: Request) -> Response:
        """This function will answer the waterfall of each month."""
        months, currency = self.asked()
        return self.answer(MRR, months, selectors.list_waterfalls(months, currency))


class Churn(Analytics):
    """Churn, by customers and by money."""

    serializer_class = CHURN
    responses = {"list": {200: CHURN}}

    @analytics_on
    def list(self, request: Request) -> Response:
        """This function will answer who came and went in each month, with rates and reasons."""
        months, currency = self.asked()
        return self.answer(CHURN, months, selectors.list_churn(months, currency))


class Cohorts(Analytics):
    """Retention of customers and of recurring revenue, by the month in which customers were new."""

    serializer_class = COHORTS
    responses = {"list": {200: COHORTS}}

    @analytics_on
    def list(self, request: Request) -> Response:
        """This function will answer what is left of each cohort at the end of each month."""
        months, currency = self.asked()
        return self.answer(COHORTS, months, selectors.list_cohorts(months, currency))


class Revenue(Analytics):
    """Revenue, from the books."""

    serializer_class = REVENUE
    responses = {"list": {200: REVENUE}}

    @analytics_on
    def list(self, request: Request) -> Response:
        """This function will answer what was earned and credited in each month."""
        months, currency = self.asked()
        return self.answer(REVENUE, months, selectors.list_ledgers(months, currency))


class Cash(Analytics):
    """Cash, from the books."""

    serializer_class = CASH
    responses = {"list": {200: CASH}}

    @analytics_on
    def list(self, request: Request) -> Response:
        """This function will answer what came in and went back in each month."""
        months, currency = self.asked()
        return self.answer(CASH, months, selectors.list_ledgers(months, currency))
