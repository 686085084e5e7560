"""Who presses a button that moves money or shows a secret has typed his password within the last minutes.

The door itself is `accounts`' page; the console knows only its address and when the password was last typed.
"""

from typing import Any, Final

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.http import urlencode

from core import clock

DOOR: Final = "/admin/step-up/"
FRESH_FOR_S: Final = 300
_PROVED = "proved_at"
# What the door itself asks for; never handed on with what was typed before.
OWN_FIELDS: Final = frozenset({"csrfmiddlewaretoken", "step_up_password", "step_up_code"})


def note_proof(request: HttpRequest) -> None:
    """This function will remember that the operator has just shown who he is."""
    request.session[_PROVED] = clock.unix()


def is_fresh(request: HttpRequest) -> bool:
    """This function will tell whether the operator has shown who he is within the last five minutes."""
    proved = request.session.get(_PROVED, 0)
    return bool(0 <= clock.unix() - proved < FRESH_FOR_S)


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """This function will return what was typed into a form, to be handed on."""
    return [(name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values]


def ask(request: HttpRequest, site: Any, *, to: str, status: int = 200, refused: str = "") -> HttpResponse:
    """This function will ask for the password once more; what was typed waits in the page and goes on to `to`."""
    context = {
        **site.each_context(request), "title": "Is it you?", "typed": typed(request), "refused": refused,
        "door": f"{DOOR}?{urlencode({'next': to})}", "back": to,
    }  # fmt: skip
    return TemplateResponse(request, "console/step_up.html", context, status=status)


@receiver(user_logged_in, dispatch_uid="console.note_proof")
def _note_login(*, request: HttpRequest, **_: Any) -> None:
    note_proof(request)
