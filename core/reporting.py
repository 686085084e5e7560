"""Reporting errors to Sentry: what went wrong and where, and nothing of what somebody sent."""

from typing import Any, Final

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration

from core.redaction import REDACTED, redact, redact_text

# What a report tells of the request: its route. Headers, cookies, query, body and the process's variables stay here.
_KEPT_OF_REQUEST: Final = ("method",)
_LONGEST: Final = 1024


def configure(*, dsn: str, environment: str, transport: Any = None) -> None:
    """This function will have unanticipated errors reported, if there is somebody to report them to."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn, environment=environment, transport=transport, before_send=before_send,
        before_send_transaction=before_send, before_breadcrumb=before_breadcrumb, send_default_pii=False,
        include_local_variables=False, max_request_body_size="never", traces_sample_rate=0.0, default_integrations=True,
        auto_enabling_integrations=False, integrations=[DjangoIntegration(), CeleryIntegration()],
    )  # fmt: skip


def before_send(event: Any, _hint: Any = None) -> Any:
    """This function will return a report without secrets, whoever put them into it."""
    event.pop("user", None)
    event.pop("server_name", None)
    if isinstance(event.get("request"), dict):
        event["request"] = _request(event["request"])
    for frame in _frames(event):
        frame.pop("vars", None)
    return _clean(event)


def before_breadcrumb(crumb: Any, _hint: Any = None) -> Any:
    """This function will return a trace of what happened before, without secrets; statements lose their values."""
    if crumb.get("category") in ("query", "httplib"):
        crumb = {**crumb, "data": {}}
    return _clean(crumb)


def _request(request: dict[str, Any]) -> dict[str, Any]:
    kept = {name: request[name] for name in _KEPT_OF_REQUEST if name in request}
    return kept | {"url": redact_text(str(request.get("url", "")).partition("?")[0])}


def _frames(event: Any) -> list[dict[str, Any]]:
    holders = [*_values(event.get("exception")), *_values(event.get("threads"))]
    return [frame for holder in holders for frame in ((holder or {}).get("stacktrace") or {}).get("frames") or ()]


def _values(section: Any) -> list[Any]:
    return list((section or {}).get("values") or ()) if isinstance(section, dict) else []


def _clean(value: Any) -> Any:
    """Redact texts wherever they are; the shape of a report is deeper than what may be logged, and stays."""
    if isinstance(value, dict):
        return {redact_text(str(name)): _member(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        return redact_text(value)
    return value if value is None or isinstance(value, bool | int | float) else redact(value)


def _member(name: str, item: Any) -> Any:
    return REDACTED if redact({name: ""}) == {name: REDACTED} else _clean(item)
