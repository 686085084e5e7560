"""What is told of an error outside the house."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from core import logs, reporting

PAN, KEY = "4242424242424242", "sk_live_0123456789abcdef"
# Put together here, so that the source lines beside a traceback do not hold them.
SECRET, EMAIL = "-".join(["hunter", "2"]), "@".join(["ada", "example.com"])


class Kept(Transport):
    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.events += [item.payload.json for item in envelope.items if item.type == "event"]


@pytest.fixture
def kept() -> Iterator[Kept]:
    transport = Kept({})
    reporting.configure(dsn="http://public@127.0.0.1:9/1", environment="test", transport=transport)
    yield transport
    sentry_sdk.get_global_scope().set_client(None)


def fail(secret: str) -> None:
    held = {"password": secret}
    raise RuntimeError(f"declined {PAN} for {KEY} ({len(held)})")


def test_an_error_is_reported_without_what_it_said_or_held(kept):
    sentry_sdk.add_breadcrumb(category="query", message=f"SELECT '{PAN}'", data={"params": [PAN]})
    sentry_sdk.set_user({"email": EMAIL})
    try:
        fail(SECRET)
    except RuntimeError as failure:
        sentry_sdk.capture_exception(failure)

    (event,) = kept.events
    text = json.dumps(event)
    assert [leak for leak in (PAN, KEY, SECRET, EMAIL) if leak in text] == []
    (shown,) = event["exception"]["values"]
    assert shown["type"] == "RuntimeError"
    assert "declined [REDACTED] for [REDACTED]" in shown["value"]
    assert shown["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["environment"] == "test"


def test_a_request_is_its_route_and_nothing_that_was_sent():
    request = {
        "method": "POST", "url": f"https://host/pay/{PAN}?key={KEY}", "query_string": KEY, "data": {"card": PAN},
        "headers": {"Authorization": KEY}, "cookies": {"sessionid": KEY}, "env": {"REMOTE_ADDR": "192.0.2.1"},
    }  # fmt: skip
    event = reporting.before_send({"request": request, "extra": {"token": "abc", "note": "fine"}})
    assert event["request"] == {"method": "POST", "url": "https://host/pay/[REDACTED]"}
    assert event["extra"] == {"token": "[REDACTED]", "note": "fine"}


def test_nobody_is_told_where_nobody_listens():
    reporting.configure(dsn="", environment="test")
    assert not sentry_sdk.get_client().is_active()


def test_a_log_line_hides_secrets_in_its_message_and_its_traceback():
    line = {"event": f"paid with {PAN}", "exception": f"Traceback\nValueError: {KEY}\nend", "password": "x", "n": 1}
    shown = logs.redacted(None, "", line)
    assert shown == {
        "event": "paid with [REDACTED]", "exception": "Traceback\nValueError: [REDACTED]\nend",
        "password": "[REDACTED]", "n": 1,
    }  # fmt: skip
