"""Answers about usage for other apps, and for the API."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from accounts import selectors as accounts
from core import errors
from core.periods import Period
from usage import measuring
from usage.acceptance import index_meters
from usage.aggregation import priced
from usage.allowances import Allowance, allowance, period_of
from usage.measuring import CountedEvent
from usage.models import Entitlement, Meter, UsageCounter
from usage.windows import month


@dataclass(frozen=True, kw_only=True)
class MeterView:
    """A meter as other apps know it."""

    id: UUID
    public_id: str
    code: str
    name: str
    aggregation: str
    is_archived: bool


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The quantity that is priced (0 where nothing happened), and how many events it comes from."""

    value: Decimal
    events: int


@dataclass(frozen=True, kw_only=True)
class MeterUsage:
    """What a meter shows a customer: `value` is None where nothing happened and nothing can be said."""

    meter: MeterView
    value: Decimal | None
    events: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All meters of a customer over one half-open period."""

    customer: str
    starts_at: datetime
    ends_at: datetime
    meters: tuple[MeterUsage, ...]


def measure(*, meter_id: UUID, customer_id: UUID, starts_at: datetime, ends_at: datetime) -> Measurement:
    """This function will return what a customer used by one meter in `[starts_at, ends_at)`, exactly.

    :raises core.errors.NotFound: if the environment has no such meter.
    """
    meter = _meter(meter_id)
    shown = measuring.measure_all([meter], customer_id=customer_id, period=Period(starts_at, ends_at))[meter_id]
    return Measurement(value=priced(shown.value), events=shown.events)


def list_event_values(
    *, meter_id: UUID, customer_id: UUID, period: Period, received_by: datetime
) -> tuple[Decimal, ...]:
    """This function will return the value of each event a meter counts, the earliest first; one without a value is 1.

    :raises core.errors.NotFound: if the environment has no such meter.
    """
    counted = measuring.list_counted(
        _meter(meter_id), customer_id=customer_id, period=period, received_by=received_by, limit=None
    )
    return tuple(one.value for one in counted)


def list_counted_events(
    *, meter_id: UUID, customer_id: UUID, period: Period, received_by: datetime, limit: int
) -> tuple[CountedEvent, ...]:
    """This function will return the first `limit` events a meter counted that had arrived by an instant.

    :raises core.errors.NotFound: if the environment has no such meter.
    """
    return tuple(
        measuring.list_counted(
            _meter(meter_id), customer_id=customer_id, period=period, received_by=received_by, limit=limit
        )
    )


def _meter(meter_id: UUID) -> Meter:
    found = Meter.objects.filter(pk=meter_id).first()
    if found is None:
        raise errors.NotFound
    return found


def find_meter(code_or_id: str | UUID) -> MeterView | None:
    """This function will return the meter of a code, a public id or an id; where a text is both, the id wins."""
    if isinstance(code_or_id, UUID):
        row = Meter.objects.filter(pk=code_or_id).first()
    else:
        row = index_meters(Meter.objects.named([code_or_id])).get(code_or_id)
    return None if row is None else view(row)


def list_allowances(*, customer_id: UUID, now: datetime) -> tuple[Allowance, ...]:
    """This function will return how a customer stands with each of his metered features, by code.

    :raises core.errors.NotFound: if the environment has no such customer.
    """
    timezone = accounts.get_customer(customer_id).timezone
    held = _best(Entitlement.objects.of(customer_id).granted(at=now).metered().most_generous_first())
    periods = {one.code: period_of(one, timezone=timezone, now=now) for one in held}
    starts = {period.starts_at for period in periods.values()}
    counters = UsageCounter.objects.of(customer_id).filter(feature__in=periods, period_starts_at__in=starts)
    used = {(row.feature, row.period_starts_at): row.used for row in counters}
    return tuple(
        allowance(one, periods[one.code], used.get((one.code, periods[one.code].starts_at), 0)) for one in held
    )


def summarize(*, customer_id: UUID, starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> Summary:
    """This function will return what each meter shows for a customer, in the current month of his unless told.

    :raises core.errors.NotFound: if the environment has no such customer.
    :raises PeriodInvalid: if the period would not go forward.
    """
    customer = accounts.get_customer(customer_id)
    current = month(timezone=customer.timezone, now=now)
    period = _period(starts_at or current.starts_at, ends_at or current.ends_at)
    meters = list(Meter.objects.in_use().order_by("code")[:MOST_METERS])
    shown = measuring.measure_all(meters, customer_id=customer_id, period=period)
    return Summary(
        customer=customer.public_id, starts_at=period.starts_at, ends_at=period.ends_at,
        meters=tuple(
            MeterUsage(meter=view(one), value=shown[one.id].value, events=shown[one.id].events) for one in meters
        ),
    )  # fmt: skip


# More than a company names; one statement answers for all of them.
MOST_METERS = 100


class PeriodInvalid(errors.Invalid):
    code = "invalid_period"
    title = "The period must end after it starts."


def _period(starts_at: datetime, ends_at: datetime) -> Period:
    if starts_at >= ends_at:
        raise PeriodInvalid
    return Period(starts_at, ends_at)


def _best(held: Iterable[Entitlement]) -> list[Entitlement]:
    """The first of each code."""
    found: dict[str, Entitlement] = {}
    for one in held:
        found.setdefault(one.code, one)
    return list(found.values())


def view(row: Meter) -> MeterView:
    """This function will return the frozen view of a row."""
    return MeterView(
        id=row.id,
        public_id=row.public_id,
        code=row.code,
        name=row.name,
        aggregation=row.aggregation,
        is_archived=row.archived_at is not None,
    )
