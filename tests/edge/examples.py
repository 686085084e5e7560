"""One request per write route that the house accepts, by the name of its operation in the API's description."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from accounts.tests.factories import PASSWORD
from core import clock, signatures
from tests.edge.world import HOOK, PRICE, World
from tests.fixtures import Api
from tests.scenario import CARD

Body = dict[str, Any]
LOCALE = {"locale": "de"}
WHY = {"reason": "because"}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A request that is accepted: the ids in its path by the name of the thing, its body, and who sends it."""

    things: tuple[str, ...] = ()
    body: Callable[[World], Body] = lambda _: {}
    who: str = "api"
    is_signed: bool = False

    def client(self, world: World) -> Api:
        """This function will return the client of whoever may send it."""
        found: Api | Callable[[], Api] = getattr(world, self.who)
        return found() if callable(found) else found

    def path(self, world: World, template: str) -> str:
        """This function will put the ids into the path of the operation."""
        steps, things = template.split("/"), iter(self.things)
        return "/".join(str(world.of(next(things))) if step.startswith("{") else step for step in steps)

    def headers(self, raw: bytes) -> dict[str, str]:
        """This function will return the signature of a body, where the route asks for one."""
        if not self.is_signed:
            return {}
        stamp = clock.unix()
        signature = signatures.sign_payment(settings.PAYMENT_WEBHOOK_SECRET, stamp, raw)
        return {"X-Webhook-Timestamp": str(stamp), "X-Webhook-Signature": signature}


def of(*things: str, who: str = "api", **body: Any) -> Example:
    """An example with a body that does not depend on the world."""
    return Example(things=things, body=lambda _: json.loads(json.dumps(body)), who=who)


def built(body: Callable[[World], Body], *things: str, who: str = "api") -> Example:
    """An example with a body that names things of the world."""
    return Example(things=things, body=body, who=who)


def _plan(world: World) -> Body:
    tiers = [{"up_to": "10", "unit_amount": "1.5"}, {"up_to": None, "unit_amount": "1"}]
    tiered = {"name": "Calls", "currency": "USD", "kind": "usage", "model": "graduated", "tiers": tiers}
    usage = tiered | {"interval": "month", "billed": "arrears", "meter": world.of("meter")}
    feature = {"code": "seats", "name": "Seats", "kind": "static", "value": "10"}
    known: Body = {"code": world.code(), "name": "Pro", "description": "All", "trial_days": 3, "publish": True}
    return known | {"prices": [PRICE, usage], "features": [feature], "proration_basis": "day"}


def _bill(world: World) -> Body:
    item = {"description": "Help", "unit_amount": "50.00", "quantity": "2", "tax_code": "x"}
    known: Body = {"customer": world.of("customer"), "currency": "USD", "items": [item], "notes": "Thank you"}
    return known | {"coupons": [], "finalize": False, "terms_days": 3, "collect": False}


def _customer(world: World) -> Body:
    known: Body = {"email": f"{world.code()}@example.com", "name": "Ada", "timezone": "Europe/Berlin", "country": "US"}
    address = {"line1": "1 Main Street", "city": "Springfield", "postal_code": "1"}
    return known | {"external_ref": world.code(), "currency": "USD", "metadata": {"a": "b"}, "address": address}


def _event(world: World) -> Body:
    known: Body = {"id": world.code(), "meter": "calls", "customer": world.of("customer"), "value": "1.5"}
    return known | {"timestamp": clock.wall().isoformat(), "properties": {"region": "eu"}}


def _gift(world: World) -> Body:
    recipient = {"email": "friend@example.com", "name": "Friend", "message": "Enjoy"}
    who: Body = {"buyer": world.of("customer"), "plan": world.of("plan")}
    return who | {"intervals": 2, "currency": "USD", "recipient": recipient}


def _subscription(world: World) -> Body:
    known: Body = {"customer": world.make("customers", {"email": f"{world.code()}@example.com"})["id"]}
    return known | {"plan": world.of("plan"), "quantity": 1, "currency": "USD", "trial_days": 5}


def _change(world: World) -> Body:
    addon = {"addon": world.of("spare_addon"), "quantity": 2}
    known: Body = {
        "quantity": 2,
        "addons": [addon],
        "proration": "full_charge_reset_anchor",
        "anchor": "now",
        "at": "now",
    }
    coupons = {"coupon": world.of("coupon") and "HALF", "remove_coupons": [world.of("taken_coupon")]}
    return known | {"payment_method": world.of("method"), **coupons}


def _credit_note(world: World) -> Body:
    return {"invoice": world.of("paid"), "amount_minor": 100, "reason": "goodwill", "memo": "Sorry", "settle": "wallet"}


def _coupon(world: World) -> Body:
    terms: Body = {"duration": "repeating", "cycles": 3, "max_redemptions": 5, "max_per_customer": 1}
    return {"code": world.code(), "name": "Some off", "percent": "12.5", "plans": [world.of("plan")]} | terms


def _schedule(world: World) -> Body:
    return {"kind": "charge", "subject": world.of("open"), "run_at": (clock.wall() + timedelta(days=1)).isoformat()}


def _quote(world: World) -> Body:
    item = {"plan": world.of("plan"), "quantity": "1"}
    return {"customer": world.of("customer"), "currency": "USD", "items": [item]}


EXAMPLES: dict[str, Example] = {
    "addons_create": built(lambda w: {"code": w.code(), "name": "Help", "description": "", "prices": [PRICE]}),
    "addons_archive": of("addon"),
    "admin_purge_create": of(who="owner", targets=["idempotency_records"], dry_run=True, **WHY),
    "api_keys_create": of(name="shop", type="secret", scopes=["read"]),
    "api_keys_revoke": of("key"),
    "api_keys_rotate": of("key", overlap_hours=1),
    "approvals_approve": of("approval", who="colleague", **WHY),
    "approvals_reject": of("approval", who="colleague", **WHY),
    "approvals_withdraw": of("approval", who="owner", **WHY),
    "auth_change_password": of(who="person", current_password=PASSWORD, new_password="a wholly different phrase"),
    "auth_forgot_password": of(who="shop", email="ada@example.com"),
    "auth_login": built(lambda w: w.of("person") and {"email": "ada@example.com", "password": PASSWORD}, who="shop"),
    "auth_logout": built(lambda w: {"refresh_token": w.of("person")["refresh_token"]}, who="person"),
    "auth_refresh": built(lambda w: {"refresh_token": w.of("person")["refresh_token"]}, who="shop"),
    "auth_register": of(
        who="shop", email="eve@example.com", password=PASSWORD, name="Eve", timezone="UTC", country="DE"
    ),
    "auth_reset_password": built(lambda w: {"token": w.of("reset_token"), "password": PASSWORD}, who="shop"),
    "auth_send_verification": of(who="person"),
    "auth_step_up_step_up_session": of(who="owner", password=PASSWORD),
    "auth_verify_email": built(lambda w: {"token": w.of("verification_token")}, who="shop"),
    "billing_settings_partial_update": of(company_name="Acme", terms_days=7, sends_invoices=False, locale="en"),
    "coupons_create": built(_coupon),
    "coupons_partial_update": of("coupon", name="Half off", max_redemptions=3),
    "coupons_archive": of("coupon"),
    "credit_notes_create": built(_credit_note),
    "credit_notes_pdf_print_pdf": of("note", **LOCALE),
    "customers_create": built(_customer),
    "customers_partial_update": built(_customer, "own_customer"),
    "environments_partial_update": of("environment", allowed_origins=["https://shop.example", "http://localhost:3000"]),
    "environments_clock_advance": of("environment", by_days=1),
    "events_create": built(_event),
    "events_batch": built(lambda w: {"events": [_event(w), _event(w)]}),
    "dunning_policy_partial_update": of(days=[1, 2], grace_days=3, end_action="pause", writes_off=True, notifies=False),
    "dunning_policies_partial_update": of("plan", grace_days=3, end_action="leave"),
    "dunning_policies_destroy": of("policy_plan"),
    "dunning_retry": of("dunning", **WHY),
    "dunning_extend": of("dunning", days=3, **WHY),
    "dunning_write_off": of("dunning", **WHY),
    "gifts_create": built(_gift),
    "gifts_cancel": of("gift", **WHY),
    "gifts_resend": of("gift"),
    "gifts_redeem": built(lambda w: {"code": w.of("gift_code"), "customer": w.of("customer")}),
    "invoices_create": built(_bill),
    "invoices_partial_update": of("draft", notes="Soon", terms_days=5),
    "invoices_destroy": of("draft"),
    "invoices_finalize": of("draft"),
    "invoices_pay": built(lambda w: {"payment_method": w.of("method")}, "open"),
    "invoices_pdf_print_pdf": of("paid", **LOCALE),
    "invoices_receipt_print_receipt": of("paid", **LOCALE),
    "invoices_send": of("open"),
    "invoices_uncollectible": of("open", **WHY),
    "invoices_void": of("open", **WHY),
    "jobs_discard": of("dead_job", **WHY),
    "jobs_requeue": of("dead_job", **WHY),
    "jobs_discard_discard_many": built(lambda w: {"ids": [w.of("dead_job")], **WHY}),
    "jobs_requeue_requeue_many": built(lambda w: {"ids": [w.of("dead_job")], **WHY}),
    "members_create": of(who="owner", email="eve@example.com", role="viewer", name="Eve"),
    "members_partial_update": of("member", who="owner", role="support", **WHY),
    "members_destroy": of("member", who="owner"),
    "meters_create": of(code="gigabytes", name="Gigabytes", aggregation="sum", filters={"region": ["eu"]}),
    "meters_archive": of("spare_meter"),
    "outbox_replay": of(who="owner", handler="webhooks.queue_deliveries", from_sequence=1, **WHY),
    "outbox_test": of(who="owner", note="hello"),
    "payment_methods_create": built(lambda w: {"customer": w.of("customer"), "card": CARD, "is_default": True}),
    "payment_methods_destroy": of("method"),
    "payment_methods_default": of("method"),
    "payments_refund": of("payment", amount_minor=100, reason="broken"),
    "payments_process_create": built(lambda w: {"invoice": w.of("open"), "payment_method": w.of("method")}),
    "plans_create": built(_plan),
    "plans_partial_update": built(lambda _: {"name": "Pro+", "trial_days": 1, "prices": [PRICE]}, "plan"),
    "plans_archive": of("plan"),
    "prices_create": built(lambda w: PRICE | {"plan": w.of("plan"), "tax_code": "x", "interval_count": 2}),
    "prices_partial_update": of("draft_price", name="Other", unit_amount="9.99"),
    "prices_destroy": of("draft_price"),
    "quotes_create": built(_quote),
    "scheduled_jobs_create": built(_schedule),
    "scheduled_jobs_cancel": of("schedule", **WHY),
    "subscriptions_create": built(_subscription),
    "subscriptions_destroy": of("subscription"),
    "subscriptions_cancel": of("subscription", at="period_end", reason="unused", comment="because", refund="none"),
    "subscriptions_me_cancel": of(
        "own_subscription", who="person", at="period_end", reason="unused", comment="because"
    ),
    "subscriptions_me_undo_cancellation": of("own_leaving", who="person"),
    "subscriptions_me_pause": of("own_subscription", who="person", at="now", **WHY),
    "subscriptions_me_change": built(
        lambda w: {"quantity": 2, "remove_coupons": [w.of("own_coupon")]}, "own_subscription", who="person"
    ),
    "subscriptions_me_change_preview_change_preview": built(
        lambda w: {"quantity": 2, "remove_coupons": [w.of("own_coupon")]}, "own_subscription", who="person"
    ),
    "subscriptions_me_schedule_replace": of(
        "own_subscription", "own_change", who="person", quantity=3, at="period_end"
    ),
    "subscriptions_me_schedule_withdraw": of("own_subscription", "own_change", who="person", **WHY),
    "subscriptions_me_resume": of("own_resting", who="person"),
    "subscriptions_me_renew": of("own_subscription", who="person", intervals=1),
    "subscription_settings_partial_update": of(customer_verbs=["cancel", "pause"], sends_reminders=False),
    "subscriptions_undo_cancellation": of("leaving"),
    "subscriptions_pause": of("subscription", at="now", policy="give_back", refund="none", **WHY),
    "subscriptions_resume": of("resting"),
    "subscriptions_end": of("subscription", comment="because", refund="none"),
    "subscriptions_activate": of("trying"),
    "subscriptions_trial_extend_extend_trial": of("trying", days=7, **WHY),
    "subscriptions_change": built(_change, "subscription"),
    "subscriptions_change_preview_change_preview": built(_change, "subscription"),
    "subscriptions_coupons": built(lambda w: w.of("coupon") and {"code": "HALF"}, "subscription"),
    "subscriptions_renew": of("subscription", intervals=1),
    "subscriptions_addons_create": built(lambda w: {"addon": w.of("spare_addon"), "quantity": 1}, "subscription"),
    "subscriptions_addons_remove": of("subscription", "taken_addon", proration="none"),
    "subscriptions_update": of("subscription", quantity=2, proration="none"),
    "subscriptions_schedule_replace": built(
        lambda w: {"quantity": 3, "at": "period_end", "remove_coupons": [w.of("taken_coupon")]},
        "subscription",
        "change",
    ),
    "subscriptions_schedule_withdraw": of("subscription", "change", **WHY),
    "subscriptions_trial": built(_subscription),
    "tax_rates_create": built(lambda w: {"code": w.code(), "name": "VAT", "percentage": "19.5", "country": "DE"}),
    "tax_rates_partial_update": of("tax_rate", name="MwSt"),
    "tax_rates_archive": of("tax_rate"),
    "usage_use": built(
        lambda w: w.of("subscription") and {"feature": "calls", "delta": 1, "customer": w.of("customer")}
    ),
    "wallets_create": built(lambda w: {"customer": w.of("own_customer"), "currency": "USD"}),
    "wallets_partial_update": of("wallet", auto_top_up={"below_minor": 100, "amount_minor": 1000}),
    "wallets_debit": of("wallet", amount_minor=10, key="order-1", description="Calls"),
    "wallets_grant": of("wallet", amount_minor=10, priority=3, description="Hello"),
    "wallets_reverse": built(lambda w: {"transaction": w.of("debit")}, "wallet"),
    "wallets_top_up": of("wallet", amount_minor=1000),
    "webhook_endpoints_create": of(url=HOOK, events=["gift.*"], description="shop", contact_email="a@example.com"),
    "webhook_endpoints_partial_update": of("endpoint", description="other", enabled=False),
    "webhook_endpoints_destroy": of("endpoint"),
    "webhook_endpoints_resend": built(
        lambda _: {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}, "endpoint"
    ),
    "webhook_endpoints_rotate_secret": of("endpoint"),
    "webhook_endpoints_test": of("endpoint"),
    "webhooks_payment_create": Example(
        body=lambda w: {"event_id": w.code(), "status": "success"}, who="nobody", is_signed=True
    ),
}
