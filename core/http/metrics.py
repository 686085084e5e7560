"""`/metrics`, for Prometheus: by a token, or from a network that is trusted."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core import context, errors, metrics, problems
from core.http import refusals
from core.http.client_ip import parse_networks

# Headers by which a proxy says that somebody else asks. One that is not believed proves nothing by its own address.
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


class MetricsForbidden(errors.Forbidden):
    code = "metrics_forbidden"
    title = "Metrics are for who holds ADMIN_TOKEN, and for the networks of METRICS_ALLOWED_NETWORKS."


def metrics_page(request: HttpRequest) -> HttpResponse:
    """This function will answer the numbers of the house, to whom they are meant for."""
    if request.method not in ("GET", "HEAD"):
        response = problems.response(problems.of(refusals.MethodNotAllowed()))
        response.headers["Allow"] = "GET, HEAD"
        return response
    if not (_holds_token(request) or _is_near(request)):
        return problems.response(problems.of(MetricsForbidden()))
    return HttpResponse(metrics.page(), content_type=metrics.CONTENT_TYPE)


def _holds_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.ADMIN_TOKEN
    return bool(wanted) and scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), wanted.encode())


def _is_near(request: HttpRequest) -> bool:
    peer, address = request.META.get("REMOTE_ADDR", ""), context.current().client_ip
    if peer == address and any(name in request.headers for name in _FORWARDED):
        return False
    try:
        client = ip_address(address)
    except ValueError:
        return False
    return any(client in network for network in parse_networks(settings.METRICS_ALLOWED_NETWORKS))
