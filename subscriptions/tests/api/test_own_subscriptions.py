"""What customers do to their own subscriptions: as much as the environment lets them, and to nobody else's."""

from datetime import datetime
from typing import Any

import pytest

from accounts.tests.factories import make_key, register
from billing.models import CreditNote
from core import ids
from core.actor import SYSTEM
from core.clock import now as clock_now
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.tests.factories import free_plan, make_customer, subscribe
from tests.edge.state import digest
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
OWN = "/api/v1/subscriptions/me"
SETTINGS = "/api/v1/subscription-settings"
VERBS = ("cancel", "undo-cancellation", "pause", "resume", "renew", "change")


class Person:
    """A customer with a token, and a free subscription of his."""

    def __init__(self) -> None:
        customer, tokens = register()
        self.api = Api("")
        self.api.headers = {"Authorization": f"Bearer {tokens.access_token}"}
        self.row = subscribe(customer, free_plan(), now=clock_now())

    def post(self, verb: str, body: Any = None, row: Subscription | None = None) -> tuple[int, dict[str, Any]]:
        """This function will ask for a verb and return the status and the body."""
        answer = self.api.post(f"{OWN}/{(row or self.row).public_id}/{verb}", body)
        return answer.status_code, answer.json()


@pytest.fixture
def person(environment: Any) -> Person:
    """A customer who is logged in."""
    return Person()


def state() -> dict[str, Any]:
    """Every row, but for the audit log, which tells of the refusal."""
    return {name: mark for name, mark in digest().items() if not name.startswith("audit_")}


def decide(**changes: Any) -> None:
    services.change_subscription_settings(changes=changes, actor=SYSTEM, now=clock_now())


def test_he_cancels_and_takes_it_back(person: Person) -> None:
    status, body = person.post("cancel", {"reason": "too_expensive", "comment": "I found another."})
    assert (status, body["reason"], body["comment"]) == (200, "too_expensive", "I found another.")
    assert body["cancel_at"] == body["period_ends_at"]
    status, body = person.post("undo-cancellation")
    assert (status, body["cancel_at"]) == (200, None)


def test_he_buys_ahead(person: Person) -> None:
    status, body = person.post("renew", {"intervals": 2})
    assert (status, body["id"]) == (200, person.row.public_id)


def test_he_changes_what_he_has(person: Person) -> None:
    status, body = person.post("change", {"quantity": 3})
    assert (status, body["subscription"]["quantity"]) == (200, 3)


def test_he_pauses_where_he_may_and_never_without_end(person: Person) -> None:
    decide(customer_verbs=["pause", "resume"], longest_customer_pause_days=30)
    status, body = person.post("pause", {})
    assert (status, body["status"]) == (200, "paused")
    begun, until = (datetime.fromisoformat(body[name]) for name in ("paused_at", "resumes_at"))
    assert (until - begun).days == 30
    status, body = person.post("resume")
    assert (status, body["status"]) == (200, "active")


@pytest.mark.parametrize("verb", VERBS)
def test_he_may_not_what_the_environment_forbids(person: Person, verb: str) -> None:
    decide(customer_verbs=[])
    before = state()
    status, body = person.post(verb, {"quantity": 2} if verb == "change" else {} if verb != "resume" else None)
    assert (status, body["code"], body["allowed"]) == (403, "not_allowed_to_customers", [])
    assert state() == before


def test_the_other_route_lets_him_no_more(person: Person) -> None:
    decide(customer_verbs=["renew"])
    for verb in ("cancel", "pause"):
        answer = person.api.post(f"/api/v1/subscriptions/{person.row.public_id}/{verb}", {})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed_to_customers")
    answer = person.api.delete(f"/api/v1/subscriptions/{person.row.public_id}")
    assert answer.status_code == 403
    person.row.refresh_from_db()
    assert (person.row.status, person.row.cancel_at) == ("active", None)


def test_when_he_may_cancel_is_decided_too(person: Person) -> None:
    decide(customer_cancel_times=["period_end"])
    status, body = person.post("cancel", {"at": "now"})
    assert (status, body["allowed"]) == (403, ["cancel:period_end"])
    status, body = person.post("cancel", {"at": "2100-01-01T00:00:00Z"})
    assert status == 403
    assert person.post("cancel", {"at": "period_end"})[0] == 200


@pytest.mark.parametrize("member", ["refund", "policy"])
def test_money_and_policies_are_not_his_to_choose(person: Person, member: str) -> None:
    verb = "cancel" if member == "refund" else "pause"
    status, body = person.post(verb, {member: "prorated_refund" if member == "refund" else "give_back"})
    assert (status, [error["pointer"] for error in body["errors"]]) == (422, [f"/{member}"])


@pytest.mark.parametrize("verb", VERBS)
def test_somebody_else_s_is_not_there(person: Person, verb: str) -> None:
    decide(customer_verbs=["cancel", "change", "pause", "renew", "resume"])
    other = subscribe(make_customer(), free_plan(), now=clock_now())
    body = {"quantity": 2} if verb == "change" else None if verb in ("resume", "undo-cancellation") else {}
    status, answer = person.post(verb, body, other)
    assert (status, answer["code"]) == (404, "not_found")


@pytest.mark.parametrize("verb", ["end", "activate", "trial/extend"])
def test_some_things_are_the_seller_s(person: Person, verb: str) -> None:
    answer = person.api.post(f"/api/v1/subscriptions/{person.row.public_id}/{verb}", {})
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_credentials")


def test_keys_use_the_other_routes(api: Api) -> None:
    row = subscribe(make_customer(), free_plan(), now=clock_now())
    assert api.post(f"{OWN}/{row.public_id}/cancel", {}).status_code == 403


def test_the_settings_are_shown_and_decided(api: Api, facts: Any) -> None:
    shown = api.get(SETTINGS).json()
    assert (shown["customer_verbs"], shown["trial_without_method"]) == (
        ["cancel", "change", "renew", "resume"],
        "incomplete",
    )
    answer = api.patch(SETTINGS, {"customer_verbs": ["cancel", "cancel"], "pause_policy": "restart"})
    assert (answer.status_code, answer.json()["customer_verbs"]) == (200, ["cancel"])
    assert facts()[-1] == "subscription_settings.changed"
    assert api.get(SETTINGS).json() == answer.json()
    before = facts()
    assert api.patch(SETTINGS, {"pause_policy": "restart"}).status_code == 200
    assert facts() == before


def test_other_words_are_refused(api: Api) -> None:
    for wrong in ({"customer_verbs": ["delete"]}, {"customer_refund": "all"}, {"longest_customer_pause_days": -1}):
        assert api.patch(SETTINGS, wrong).status_code == 422


def test_another_environment_has_its_own(api: Api, stranger_api: Api) -> None:
    api.patch(SETTINGS, {"customer_verbs": []})
    assert stranger_api.get(SETTINGS).json()["customer_verbs"] == ["cancel", "change", "renew", "resume"]


def test_to_give_money_back_takes_the_right_to_credit(environment: Any) -> None:
    limited = Api(make_key(scopes=("subscriptions:write",)))
    row = subscribe(make_customer(), free_plan(), now=clock_now())
    for verb, body in (("cancel", {"at": "now"}), ("end", {}), ("pause", {"policy": "restart"})):
        answer = limited.post(f"/api/v1/subscriptions/{row.public_id}/{verb}", body | {"refund": "prorated_refund"})
        assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")
    assert not CreditNote.objects.exists()
    assert (
        limited.post(f"/api/v1/subscriptions/{row.public_id}/cancel", {"at": "now", "refund": "none"}).status_code
        == 200
    )


def test_the_verbs_over_http(api: Api) -> None:
    row = subscribe(make_customer(), free_plan(), now=clock_now())
    url = f"/api/v1/subscriptions/{row.public_id}"
    paused = api.post(f"{url}/pause", {"policy": "give_back", "reason": "holidays"}).json()
    assert (paused["status"], paused["paused_at"] is not None) == ("paused", True)
    assert api.post(f"{url}/resume").json()["status"] == "active"
    planned = api.post(f"{url}/pause", {"at": "period_end"}).json()
    assert planned["pauses_at"] == planned["period_ends_at"]
    assert api.post(f"{url}/resume").json()["pauses_at"] is None
    later = api.post(f"{url}/cancel", {"at": "2100-01-01T00:00:00+01:00", "reason": "unused"}).json()
    assert (later["cancel_at"], later["reason"]) == ("2099-12-31T23:00:00Z", "unused")
    assert api.post(f"{url}/undo-cancellation").json()["cancel_at"] is None
    ended = api.post(f"{url}/end", {"comment": "closed"}).json()
    assert (ended["status"], ended["reason"], ended["comment"]) == ("expired", "ended", "closed")
    wrong = api.post(f"{url}/cancel", {"at": "soon"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/at")
    assert ids.decode("sub", row.public_id) == row.pk
