"""Who may come near the console at all: from which networks, with a second factor, and for how long."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode

from accounts import services
from accounts.admin import doors
from core import clock
from core.http import client_ip
from core.http.middleware import GetResponse, Middleware

# However busy: after so long the password is asked for again. Idle sessions end earlier, see SESSION_COOKIE_AGE.
LONGEST_SESSION_S = 12 * 3600
OPEN = frozenset({"console-log-in", "console-code", "console-enrol"})


class ConsoleGate(Middleware):
    """Stands before every page of the console; the API does not notice it."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self.networks = client_ip.parse_networks(settings.CONSOLE_ALLOWED_NETWORKS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer the request, or send the operator to the door he has to pass first."""
        if not request.path.startswith("/admin/"):
            return self.get_response(request)
        if not self._is_near(request):
            return HttpResponse("404 There is no such page.\n", status=404, content_type="text/plain; charset=utf-8")
        door = self._door(request)
        if door and request.path != reverse(door) and not _is_open(request.path):
            return HttpResponseRedirect(f"{reverse(door)}?{urlencode({'next': request.get_full_path()})}")
        return self.get_response(request)

    def _is_near(self, request: HttpRequest) -> bool:
        if not self.networks:
            return True
        address = client_ip.parse_address(getattr(request, "client_ip", "") or "")
        return address is not None and any(address in network for network in self.networks)

    def _door(self, request: HttpRequest) -> str:
        user: Any = request.user
        if not (user.is_authenticated and user.is_staff):
            return ""
        if clock.unix() - request.session.get("entered_at", clock.unix()) >= LONGEST_SESSION_S:
            doors.leave(request)
            return "console-log-in"
        if doors.has_second_factor(request):
            return ""
        if services.is_enrolled(user):
            doors.leave(request)
            return "console-log-in"
        return "console-enrol" if settings.CONSOLE_REQUIRE_OTP else ""


def _is_open(path: str) -> bool:
    return path in {reverse(name) for name in OPEN} or path == reverse("admin:logout")
