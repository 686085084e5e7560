"""What surrounds every request, from the outside in. Each class does one thing; the order is in the settings."""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from core import clock, context, errors, ids, problems
from core.http import refusals, request_id, throttling, traffic
from core.http.client_ip import client_ip, parse_networks
from core.redaction import redact_text

log = structlog.get_logger("perennial.access")

# What the house knows of methods, where the route has not been looked at.
METHODS = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class Middleware:
    """Passes the request on; the base of the others."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer the request."""
        return self.get_response(request)


def is_api(request: HttpRequest) -> bool:
    """This function will tell whether a problem document is the right way to say no."""
    path = f"/{request.path.lstrip('/')}"
    return path.startswith(("/api/", "/livez", "/readyz")) or path == "/api"


def failed(request: HttpRequest, problem: problems.Problem) -> HttpResponse:
    """This function will answer with a problem: as a document for programs, as one plain line for people."""
    if is_api(request):
        return problems.response(problem)
    text = f"{problem.status} {problem.title}\nRequest {context.current().request_id}\n"
    return HttpResponse(text, status=problem.status, content_type="text/plain; charset=utf-8")


class Recovery(Middleware):
    """The last resort: whatever a view did not catch is logged with its traceback and answered with a bare 500."""

    def process_exception(self, request: HttpRequest, failure: Exception) -> HttpResponse | None:
        """This function will answer an exception that left a view; Django answers 404 and the like itself."""
        problem = problems.of(failure)
        if problem.status < 500 and not is_api(request):
            return None
        if problem.status >= 500:
            log.error("request.failed", code=problem.code, exc_info=failure)
        return failed(request, problem)


class RequestId(Middleware):
    """Names the request, its path and its client for everything that happens inside it."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self.proxies, self.count = parse_networks(settings.TRUSTED_PROXIES), settings.TRUSTED_PROXY_COUNT

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will run the request in its context and echo its id."""
        chosen = request_id.choose(_harmless(request.META.get("HTTP_X_REQUEST_ID")), str(ids.new()))
        address = self._address(request)
        request.client_ip = address  # type: ignore[attr-defined]
        known = {
            "request_id": chosen,
            "method": request.method,
            "path": redact_text(request.path),
            "client_ip": address,
        }
        with context.entered(**known):
            response = self.get_response(request)
        response.headers[request_id.HEADER] = chosen
        return response

    def _address(self, request: HttpRequest) -> str:
        peer = request.META.get("REMOTE_ADDR", "")
        told = request.META.get("HTTP_X_FORWARDED_FOR")
        return client_ip(peer, told, trusted_proxies=self.proxies, trusted_proxy_count=self.count) or ""


def _harmless(sent: str | None) -> str | None:
    """A request's id is repeated everywhere; one that looks like a card number or a credential is given a new one."""
    return None if sent is not None and redact_text(sent) != sent else sent


class AccessLog(Middleware):
    """Counts each request, and writes a line without the query string, where people put secrets by mistake."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer the request and write its line."""
        begun = clock.monotonic()
        response = self.get_response(request)
        seconds = clock.monotonic() - begun
        traffic.count(request, response.status_code, seconds)
        actor = getattr(request, "actor", None)
        log.info(
            "request",
            method=request.method,
            path=context.current().path[:512],
            status=response.status_code,
            duration_ms=round(seconds * 1000, 2),
            client_ip=context.current().client_ip,
            actor=getattr(actor, "label", None),
        )
        return response


class SecurityHeaders(Middleware):
    """Tells browsers to believe nothing but what is said; answers of the API are never cached."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer the request with the headers of the house."""
        response = self.get_response(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = settings.X_FRAME_OPTIONS
        response.headers["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if settings.SECURE_HSTS_SECONDS:
            response.headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class Framing(Middleware):
    """Refuses bodies whose length nobody stated: read as empty, they would mean something else.

    So it does with methods that Django would read as another (`get`), and with what is asked of proxies only.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer 405, 411 or 413, or let the request pass."""
        sent = request.META["REQUEST_METHOD"]
        if sent != sent.upper() or sent == "CONNECT":
            refused = failed(request, problems.of(refusals.MethodNotAllowed()))
            refused.headers["Allow"] = METHODS
            return refused
        length = request.META.get("CONTENT_LENGTH") or "0"
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return failed(request, problems.of(refusals.LengthRequired()))
        if not (length.isascii() and length.isdigit()):
            return failed(request, problems.of(refusals.Malformed("The Content-Length is not a number.")))
        if len(length) > 18 or int(length) > settings.INGESTION_BODY_LIMIT:
            return failed(request, problems.of(refusals.TooLarge()))
        return self.get_response(request)


class RateLimit(Middleware):
    """Charges the client's address before authentication, and shows what is left of the limit that counted."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer 429, or let the request pass."""
        response = self._charged(request)
        for name, value in getattr(request, "rate_limit_headers", {}).items():
            response.headers[name] = value
        return response

    def _charged(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith("/api/v1/"):
            return self.get_response(request)
        try:
            throttling.charge_address(request, context.current().client_ip)
        except errors.Refusal as refused:
            return failed(request, problems.of(refused))
        return self.get_response(request)
