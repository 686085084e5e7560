"""In what scope and transaction a request for the console is answered."""

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.console._verbs import actor
from core.http import refusals
from core.http.middleware import Middleware
from core.tenancy.system import system_scope

# Where passwords are hashed: no transaction is open there but those of the verbs themselves.
DOORS = ("/admin/login/", "/admin/second-factor/", "/admin/step-up/", "/admin/password_change/")


class ConsoleScope(Middleware):
    """Lets an operator's request see all environments, in one transaction that a failure rolls back."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This function will answer the request, inside the system scope when it is for the console."""
        if not request.path.startswith("/admin/") or request.path.startswith(DOORS):
            return self.get_response(request)
        with system_scope("console"), transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        if response.status_code == 403:
            self._tell_denied(request)
        return response

    def _tell_denied(self, request: HttpRequest) -> None:
        who = actor(request).label if request.user.is_authenticated else "anonymous:anonymous"
        refusals.denied.send(sender=None, actor_label=who, code="console_forbidden", status=403, environment_id=None)
