"""Subscriptions of every kind, and what somebody writes about them, to be compared with what somebody else writes."""

import json
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction

from billing.internal import NewLine, add_pending
from billing.services import create_tax_rate, create_wallet, grant_promotion
from catalog.models import AddOn, Plan
from catalog.services import NewFeature
from core import events, ids, tenancy
from core.actor import SYSTEM
from core.tenancy.rows import ScopedRow
from subscriptions.internal._rows import record
from subscriptions.models import Extension, Subscription
from subscriptions.tests.factories import (
    free_plan,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    metered,
    monthly,
    once,
    publish_prices,
    seats,
    subscribe,
)

Tables = dict[str, dict[str, dict[str, Any]]]
# What follows from ids that nobody else knows: signatures, and the numbers of rows.
_UNCOMPARED = ("mac",)
# Facts and what goes with them, written in another order; theirs is the order of their subjects.
_LAST = ("outbox_aggregate", "outbox_outboxevent", "audit_entry", "audit_unsealed")
_MADE_UP = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b")


def activate(row: Subscription) -> None:
    """Let a subscription run, as its first payment does."""
    if row.status != "active":
        before = row.status
        row.move_to("active")
        row.unpaid_deadline_at = None
        record(row, "activated", old_status=before, actor=SYSTEM, now=row.starts_at)


class Shop:
    """What can be bought, made when it is first asked for; `dice` decide who takes what."""

    def __init__(self, dice: random.Random, now: datetime) -> None:
        self.dice, self.now = dice, now

    @cached_property
    def plans(self) -> list[Plan]:
        features = [NewFeature(code="sso", name="SSO"), NewFeature(code="seats", name="Seats", kind="metered")]
        return [
            make_plan(monthly("20"), features=features),
            make_plan(seats(), monthly("3", tax_code="books"), features=features[:1]),
            make_plan(monthly("12", billed="arrears"), monthly("5")),
            make_plan(monthly("2", interval="day")),
            make_plan(monthly("99", interval_count=3)),
            free_plan(features=features),
            make_plan(monthly("20"), metered("0.05")),
            make_plan(monthly("9", billed="arrears")),
        ]

    @cached_property
    def addons(self) -> list[AddOn]:
        return [make_addon(monthly("5")), make_addon(seats("1.10")), make_addon(once("7"), kind="one_off")]

    @cached_property
    def coupons(self) -> list[str]:
        make_coupon("ONCE")
        make_coupon("THREE", percent=Decimal("33.333"), duration="repeating", cycles=3)
        make_coupon("FIVER", amount_minor=500, currency="USD", duration="forever")
        make_coupon("ALL", percent=Decimal(100), duration="forever")
        return ["ONCE", "THREE", "FIVER", "ALL"]

    def open(self) -> None:
        """Give the shop its tax rates."""
        for code, country, tax_code in (("NO25", "NO", ""), ("ANY", "", ""), ("BOOKS", "NO", "books")):
            create_tax_rate(
                code=code, name=code, percentage=Decimal("8.25"), country=country, tax_code=tax_code, actor=SYSTEM,
                now=self.now,
            )  # fmt: skip

    def sell(self) -> Subscription:
        """Subscribe a new customer to something, with whatever the dice say, and have him paid up."""
        dice = self.dice
        customer = make_customer(country=dice.choice(["NO", "DE", None]), tax_exemption=dice.choice(["none", "exempt"]))
        plan = dice.choice(self.plans)
        is_monthly = plan in (*self.plans[:3], *self.plans[5:])
        addons = [(addon.pk, dice.randint(1, 3)) for addon in self.addons if is_monthly and dice.random() < 0.3]
        coupons = [code for code in self.coupons if dice.random() < 0.25]
        begun_at = self.now - timedelta(seconds=dice.randint(0, 3))
        row = subscribe(
            customer, plan, quantity=dice.randint(1, 4), addons=addons, coupons=coupons, now=begun_at,
            intervals=dice.choice([None, None, None, 2]),
        )  # fmt: skip
        activate(row)
        dice.choice([self._nothing, self._move, self._revise, self._owe, self._give, self._prepay, self._worry])(row)
        row.refresh_from_db()
        return row

    def _nothing(self, row: Subscription) -> None:
        """Most are just there."""

    def _move(self, row: Subscription) -> None:
        Subscription.objects.filter(pk=row.pk).update(next_timezone="Pacific/Auckland")

    def _revise(self, row: Subscription) -> None:
        if row.plan_id == self.plans[0].pk:
            version = publish_prices(self.plans[0], monthly("25"))
            Subscription.objects.filter(pk=row.pk).update(next_plan_version_id=version.pk)

    def _owe(self, row: Subscription) -> None:
        """A credit that the next invoice can bear, or one that it cannot; or a charge."""
        amount = self.dice.choice([-100, -999_999, 250])
        line = NewLine(description="From before", quantity=Decimal(1), unit_amount=None, amount_minor=amount)
        add_pending(
            [line], customer_id=row.customer_id, reference=row.public_id, currency="USD", key=row.public_id,
            now=self.now,
        )  # fmt: skip

    def _give(self, row: Subscription) -> None:
        wallet = create_wallet(customer_id=row.customer_id, currency="USD", actor=SYSTEM, now=self.now)
        grant_promotion(
            wallet_id=wallet.pk, amount_minor=700, key=row.public_id, description="Sorry", actor=SYSTEM, now=self.now
        )

    def _prepay(self, row: Subscription) -> None:
        if row.period_index is not None:
            Extension.objects.create(
                subscription=row, intervals=1, source=ids.encode("gft", ids.new()), first_period=row.period_index + 1,
                applied_at=self.now, created_at=self.now,
            )  # fmt: skip

    def _worry(self, row: Subscription) -> None:
        Subscription.objects.filter(pk=row.pk).update(status="past_due")


def tables() -> Tables:
    """Every row of the environment in scope, columns as JSON."""
    found: Tables = {}
    for model in apps.get_models():
        if issubclass(model, ScopedRow):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT to_jsonb(t)::text FROM {model._meta.db_table} t")
                rows = [json.loads(text) for (text,) in cursor.fetchall()]
            found[model._meta.db_table] = {str(row["id"]): row for row in rows}
    return found


def written(do: Callable[[], object]) -> dict[str, list[str]]:
    """What doing something writes, with a name for each id in the order in which they are met; then it is undone."""
    events.flush()
    before, block = tables(), transaction.atomic()
    # What is done may want to be the outermost transaction, as it may within a test's.
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        do()
        events.flush()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        after = tables()
        transaction.set_rollback(True)
    return _named(before, after)


def _named(before: Tables, after: Tables) -> dict[str, list[str]]:
    changed = {
        table: [row for key, row in sorted(rows.items()) if before[table].get(key) != row]
        for table, rows in after.items()
    }
    names: dict[str, str] = {}
    _name(names, str(tenancy.environment_id()), "the environment")
    for table, rows in sorted(changed.items()):
        for number, row in enumerate(rows):
            if table not in _LAST and row["id"] not in before[table]:
                _name(names, row["id"], f"{table} {number}")
    for known in before.values():
        for key in known:
            _name(names, key, key)
    return {table: sorted(_text(table, row, names) for row in rows) for table, rows in changed.items() if rows}


def _name(names: dict[str, str], key: str, name: str) -> None:
    if _MADE_UP.fullmatch(key):
        names[key] = name
        names[ids.encode("xxx", UUID(key))[4:]] = name


def _text(table: str, row: dict[str, Any], names: dict[str, str]) -> str:
    def named(found: re.Match[str]) -> str:
        public = found[0][3] == "_"
        return names.get(found[0][4:] if public else found[0], "nobody's")

    left_out = (*_UNCOMPARED, "id", "sequence", "relayed_at") if table in _LAST else _UNCOMPARED
    return _MADE_UP.sub(named, repr(sorted((name, value) for name, value in row.items() if name not in left_out)))
