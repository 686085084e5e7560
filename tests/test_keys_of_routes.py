"""Which routes need an `Idempotency-Key`: every POST, but for those that are named here with the reason."""

from typing import Any

from core.http import idempotency
from core.idempotency import effects
from tests.test_shown_once import each_action

# What needs no key, and what guards it instead.
NEED_NONE: dict[str, str] = {
    "Auth.change_password": "the old password, which works once",
    "Auth.forgot_password": "the answer is the same, and only the last link works",
    "Auth.login": "begins a session and moves nothing",
    "Auth.logout": "a session ends once",
    "Auth.refresh": "a refresh token works once",
    "Auth.register": "an address registers once; a key may be sent",
    "Auth.reset_password": "a mailed token works once",
    "Auth.send_verification": "only the last link works",
    "Auth.step_up_session": "renews a session and moves nothing",
    "Auth.verify_email": "a mailed token works once",
    "OwnSubscriptions.change_preview": "computes and keeps nothing",
    "Quotes.create": "computes and keeps nothing",
    "Subscriptions.change_preview": "computes and keeps nothing",
    "Events.create": "the event's own id; a key may be sent",
    "Events.batch": "the events' own ids; a key may be sent",
    "Usage.use": "a key may be sent, and must be by whoever repeats",
    "EndpointViewSet.test": "sends a test delivery; a key may be sent",
    "OutboxViewSet.test": "publishes a test fact; a key may be sent",
}


def _posts() -> dict[str, Any]:
    return {f"{type(view).__name__}.{action}": view for view, method, action in each_action() if method == "POST"}


def test_every_post_needs_a_key_unless_something_else_guards_it() -> None:
    found = {name for name, view in _posts().items() if idempotency.mode_of(view, "POST") != "required"}
    assert found == set(NEED_NONE)


def test_reading_heeds_no_key() -> None:
    reads = [(view, method) for view, method, _ in each_action() if method in ("GET", "HEAD")]
    assert reads
    assert {idempotency.mode_of(view, method) for view, method in reads} == {"none"}


def test_whoever_asks_a_gateway_is_known_by_name_and_needs_a_key() -> None:
    asking = {name: view for name, view in _posts().items() if view.action in view.effects}
    assert {name: idempotency.mode_of(view, "POST") for name, view in asking.items()} == {
        "PaymentMethods.create": "required"
    }
    for view in asking.values():
        assert effects.named(view.effects[view.action]).status == 201
