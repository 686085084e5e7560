"""A company with one of everything in every state that a write needs, made over the API in one transaction."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.test import override_settings

import jobs.tests.kinds  # noqa: F401 - registers the kinds that tests use
from accounts import services
from accounts.models import User
from accounts.tests.factories import PASSWORD, make_key
from core import clock, tenancy
from core.models import Environment, Tenant
from core.tenancy import Scope
from jobs.models import Job
from jobs.services import enqueue
from tests.fixtures import Api, do_all_jobs
from tests.scenario import CARD
from tests.shared import environment_called

PRICE = {"name": "Base", "currency": "USD", "unit_amount": "20.00", "interval": "month"}
HOOK = "http://127.0.0.1:65535/hooks"

THINGS = (
    "meter", "spare_meter", "plan", "draft_price", "addon", "customer", "own_customer", "method", "subscription",
    "taken_addon", "change", "draft", "open", "paid", "payment", "note", "coupon", "tax_rate", "wallet", "debit",
    "gift",
    "gift_code", "spare_addon", "endpoint", "key", "dead_job", "schedule", "person", "verification_token",
    "reset_token", "dunning", "policy_plan", "owner", "colleague", "approval", "member", "environment", "leaving",
    "resting", "trying", "own_subscription", "own_leaving", "own_resting", "own_change",
    "taken_coupon", "own_coupon",
)  # fmt: skip


@contextmanager
def savepoint() -> Iterator[None]:
    """What happens inside never happened. Durable transactions may be opened in it, as in a test of one's own."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        try:
            yield
        finally:
            transaction.set_rollback(True)


def as_somebody(token: str = "", key: str = "") -> Api:
    """A client with an access token, with a key, or with nothing."""
    client = Api(key)
    if token:
        client.headers = {"Authorization": f"Bearer {token}"}
    return client


class World:
    """Everything by name; `of(name)` makes and remembers what is asked for the first time."""

    def __init__(self) -> None:
        self.sandbox = environment_called("sandbox").as_scope()
        with tenancy.scope(self.sandbox):
            self.api = Api(make_key())
            self.shop = Api(make_key((), type="publishable"))
        self.live = environment_called("live").as_scope()
        with tenancy.scope(self.live):
            self.stranger = Api(make_key())
        rivals = Tenant.objects.create(slug="rivals", name="Rivals")
        self.rivals = Environment.objects.create(tenant=rivals, kind="live", slug="live").as_scope()
        with tenancy.scope(self.rivals):
            self.rival = Api(make_key())
        settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
        self.nobody = Api("")
        self.numbers = 0
        self.known: dict[str, Any] = {}

    def furnish(self) -> None:
        """This function will make everything that can be named, so that no test pays for it alone."""
        for name in THINGS:
            self.of(name)

    def code(self) -> str:
        """This function will return a code that nothing has yet."""
        self.numbers += 1
        return f"code{self.numbers}"

    def make(self, path: str, body: Any = None, api: Api | None = None) -> dict[str, Any]:
        """This function will post a body and return what was made."""
        answer = (api or self.api).post(f"/api/v1/{path}", body)
        assert answer.status_code < 300, (path, answer.content)
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def jobs(self) -> None:
        """This function will do what beat and the workers would."""
        with tenancy.scope(self.sandbox):
            do_all_jobs()

    def of(self, name: str) -> Any:
        """This function will return the id of the one thing of that name; see the methods below."""
        if name not in self.known:
            self.known[name] = getattr(self, f"_{name}")()
        return self.known[name]

    def _meter(self) -> str:
        return str(self.make("meters", {"code": "calls", "name": "Calls", "aggregation": "count"})["id"])

    def _plan(self) -> str:
        limit = {"code": "calls", "name": "Calls", "kind": "metered", "limit": "10", "limit_kind": "hard"}
        body = {"code": self.code(), "name": "Pro", "prices": [PRICE], "features": [limit], "publish": True}
        return str(self.make("plans", body)["id"])

    def _draft_price(self) -> str:
        return str(self.make("prices", {"plan": self.of("plan"), **PRICE, "name": "Draft"})["id"])

    def _addon(self) -> str:
        return str(self.make("addons", {"code": self.code(), "name": "Support", "prices": [PRICE]})["id"])

    def _customer(self) -> str:
        customer = str(self.make("customers", {"email": f"{self.code()}@example.com", "country": "US"})["id"])
        self.known["method"] = self.make("payment-methods", {"customer": customer, "card": CARD})["id"]
        return customer

    def _own_customer(self) -> str:
        return str(self.make("customers", {"email": f"{self.code()}@example.com"})["id"])

    def _environment(self) -> str:
        found: str = self.api.get("/api/v1/auth/me").json()["environment"]["id"]
        return found

    def _spare_meter(self) -> str:
        return str(self.make("meters", {"code": self.code(), "name": "Spare", "aggregation": "count"})["id"])

    def _method(self) -> str:
        self.of("customer")
        return str(self.known["method"])

    def _subscription(self) -> str:
        body = {"customer": self.of("customer"), "plan": self.of("plan")}
        found = str(self.make("subscriptions", body)["id"])
        self.jobs()
        return found

    def _leaving(self) -> str:
        return self._with(
            "cancel", self._another(self.make("customers", {"email": f"{self.code()}@example.com"})["id"])
        )

    def _resting(self) -> str:
        return self._with("pause", self._another(self.make("customers", {"email": f"{self.code()}@example.com"})["id"]))

    def _trying(self) -> str:
        customer = self.make("customers", {"email": f"{self.code()}@example.com"})["id"]
        body = {"customer": customer, "plan": self.of("plan"), "trial_days": 14}
        return str(self.make("subscriptions/trial", body)["id"])

    def _own_subscription(self) -> str:
        self.make_customers_free_to_pause()
        return self._another(self.of("person")["customer"]["id"])

    def _own_leaving(self) -> str:
        return self._with("cancel", self._another(self.of("person")["customer"]["id"]), himself=True)

    def _own_change(self) -> str:
        body = {"quantity": 2, "at": "period_end"}
        made = self.make(f"subscriptions/me/{self.of('own_subscription')}/change", body, self.person())
        return str(made["change"]["id"])

    def _own_resting(self) -> str:
        self.make_customers_free_to_pause()
        return self._with("pause", self._another(self.of("person")["customer"]["id"]), himself=True)

    def make_customers_free_to_pause(self) -> None:
        """This function will let customers do everything to their own subscriptions."""
        verbs = {"customer_verbs": ["cancel", "change", "pause", "renew", "resume"]}
        answer = self.api.patch("/api/v1/subscription-settings", verbs)
        assert answer.status_code == 200, answer.content

    def _another(self, customer: str) -> str:
        """A free subscription of a plan of its own, beside others."""
        body = {"code": self.code(), "name": "Free", "family": None, "publish": True}
        plan = self.make("plans", body | {"prices": [PRICE | {"unit_amount": "0"}]})["id"]
        return str(self.make("subscriptions", {"customer": customer, "plan": plan})["id"])

    def _with(self, verb: str, subscription: str, *, himself: bool = False) -> str:
        """What a customer is to take back, he has asked for himself."""
        who = self.person() if himself else self.api
        self.make(f"subscriptions/{'me/' if himself else ''}{subscription}/{verb}", api=who)
        return subscription

    def _taken_addon(self) -> str:
        return str(self.make(f"subscriptions/{self.of('subscription')}/addons", {"addon": self.of("addon")})["id"])

    def _change(self) -> str:
        body = {"quantity": 2, "at": "period_end"}
        return str(self.make(f"subscriptions/{self.of('subscription')}/change", body)["change"]["id"])

    def _invoice(self, *, finalize: bool = False, collect: bool = False) -> str:
        items = [{"description": "Help", "unit_amount": "50.00"}]
        body = {"customer": self.of("customer"), "currency": "USD", "items": items, "finalize": finalize}
        return str(self.make("invoices", body | {"collect": collect})["id"])

    def _draft(self) -> str:
        return self._invoice()

    def _open(self) -> str:
        return self._invoice(finalize=True)

    def _paid(self) -> str:
        found = self._invoice(finalize=True, collect=True)
        self.jobs()
        return found

    def _dunning(self) -> str:
        items = [{"description": "Help", "unit_amount": "50.00"}]
        body = {"customer": self.of("own_customer"), "currency": "USD", "items": items, "finalize": True}
        self.make("invoices", body | {"collect": True})
        self.jobs()
        return self._first("dunning")

    def _policy_plan(self) -> str:
        plan = str(self.make("plans", {"code": self.code(), "name": "Solo", "prices": [PRICE], "publish": True})["id"])
        assert self.api.patch(f"/api/v1/dunning-policies/{plan}", {"grace_days": 1}).status_code == 200
        return plan

    def _payment(self) -> str:
        self.of("paid")
        return str(self.api.get("/api/v1/payments").json()["data"][0]["id"])

    def _note(self) -> str:
        body = {"invoice": self.of("paid"), "amount_minor": 100, "reason": "goodwill", "settle": "wallet"}
        return str(self.make("credit-notes", body)["id"])

    def _coupon(self) -> str:
        return str(self.make("coupons", {"code": "HALF", "name": "Half", "percent": "50"})["id"])

    def _taken_coupon(self) -> str:
        return self._redeemed(self.of("subscription"))

    def _own_coupon(self) -> str:
        return self._redeemed(self.of("own_subscription"))

    def _redeemed(self, subscription: str) -> str:
        """The code of a coupon that reduces a subscription's invoices."""
        code = self.code().upper()
        self.make("coupons", {"code": code, "name": "Ten off", "percent": "10"})
        self.make(f"subscriptions/{subscription}/coupons", {"code": code})
        return code

    def _tax_rate(self) -> str:
        return str(self.make("tax-rates", {"code": self.code(), "name": "VAT", "percentage": "20"})["id"])

    def _wallet(self) -> str:
        customer = self.make("customers", {"email": f"{self.code()}@example.com"})["id"]
        wallet = str(self.make("wallets", {"customer": customer, "currency": "USD"})["id"])
        self.make(f"wallets/{wallet}/grant", {"amount_minor": 5000})
        return wallet

    def _debit(self) -> str:
        return str(self.make(f"wallets/{self.of('wallet')}/debit", {"amount_minor": 100})["id"])

    def _gift(self) -> str:
        recipient = {"email": "friend@example.com"}
        body = {"buyer": self.of("customer"), "plan": self.of("plan"), "intervals": 3, "recipient": recipient}
        gift = str(self.make("gifts", body)["id"])
        self.jobs()
        return gift

    def _gift_code(self) -> str:
        self.of("gift")
        letter = next(one.body for one in reversed(mail.outbox) if "friend@example.com" in one.to)
        return str(re.findall(r"(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}", letter)[0])

    def _spare_addon(self) -> str:
        return str(self.make("addons", {"code": self.code(), "name": "Spare", "prices": [PRICE]})["id"])

    def _endpoint(self) -> str:
        return str(self.make("webhook-endpoints", {"url": HOOK, "events": ["gift.*"]})["id"])

    def _delivery(self) -> str:
        self.make(f"webhook-endpoints/{self.of('endpoint')}/test")
        self.jobs()
        return self._first(f"webhook-endpoints/{self.of('endpoint')}/deliveries")

    def _entry(self) -> str:
        return self._first("audit-log")

    def _entitlement(self) -> str:
        self.of("subscription")
        return self._first(f"entitlements?customer={self.of('customer')}")

    def _first(self, path: str) -> str:
        return str(self.api.get(f"/api/v1/{path}").json()["data"][0]["id"])

    def _key(self) -> str:
        return str(self.make("api-keys", {"name": "spare"})["id"])

    def _dead_job(self) -> str:
        with tenancy.scope(self.sandbox):
            enqueue("test.refuse", payload={}, key="dead")
            do_all_jobs()
            return Job.objects.get(kind="test.refuse").public_id

    def _schedule(self) -> str:
        at = (clock.wall() + timedelta(days=1)).isoformat()
        return str(self.make("scheduled-jobs", {"kind": "charge", "subject": self._open(), "run_at": at})["id"])

    def _person(self) -> dict[str, Any]:
        return self.make("auth/register", {"email": "ada@example.com", "password": PASSWORD}, self.shop)

    def _reset_token(self) -> str:
        self.of("person")
        self.make("auth/forgot-password", {"email": "ada@example.com"}, self.shop)
        self.jobs()
        letter = next(one.body for one in reversed(mail.outbox) if "ada@example.com" in one.to)
        return str(re.findall(r"#token=(\S+)", letter)[0])

    def _verification_token(self) -> str:
        self.of("person")
        self.jobs()
        letter = next(one for one in mail.outbox if "your address" in one.subject and "ada@example.com" in one.to)
        return str(re.findall(r"#token=(\S+)", str(letter.body))[0])

    def _owner(self) -> str:
        return self._person_of_the_house("owner@example.com")

    def _colleague(self) -> str:
        return self._person_of_the_house("colleague@example.com")

    def _rival_owner(self) -> str:
        return self._person_of_the_house("owner@rivals.example.com", self.rivals)

    def _rival_person(self) -> dict[str, Any]:
        with tenancy.scope(self.rivals):
            shop = Api(make_key((), type="publishable"))
        return self.make("auth/register", {"email": "bob@rivals.example.com", "password": PASSWORD}, shop)

    def _person_of_the_house(self, email: str, place: Scope | None = None) -> str:
        place = place or self.sandbox
        with tenancy.scope(place), transaction.atomic():
            user = User.objects.create(email=email, created_at=clock.wall())
            user.set_password(PASSWORD)
            user.save()
            now = clock.wall()
            services.join_tenant(user_id=user.pk, tenant_id=place.tenant_id, role="owner", now=now)
        with tenancy.scope(place):
            where = {"environment_id": place.environment_id, "address": "192.0.2.1", "now": now}
            return services.log_in_member(email=email, password=PASSWORD, **where).access_token

    def _approval(self) -> str:
        body = {"amount_minor": 5000, "description": "A good friend"}
        with override_settings(APPROVAL_LIMITS={"USD": 100}):
            return str(self.make(f"wallets/{self.of('wallet')}/grant", body, self.owner())["id"])

    def _member(self) -> str:
        return str(self.make("members", {"email": "new@example.com", "role": "viewer"}, self.owner())["id"])

    def owner(self) -> Api:
        """This function will return the client of a member who owns the tenant."""
        return as_somebody(self.of("owner"))

    def colleague(self) -> Api:
        """This function will return the client of another one."""
        return as_somebody(self.of("colleague"))

    def rival_owner(self) -> Api:
        """This function will return the client of a member who owns another tenant."""
        return as_somebody(self.of("rival_owner"))

    def rival_person(self) -> Api:
        """This function will return the client of a customer of somebody else."""
        return as_somebody(self.of("rival_person")["access_token"])

    def person(self) -> Api:
        """This function will return the client of a customer who is logged in."""
        return as_somebody(self.of("person")["access_token"])
