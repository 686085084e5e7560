"""Actions of a list: each asks for a reason once and does its verb to every chosen row, or to none."""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.admin import action as list_action
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from core import errors, tenancy
from core.console._verbs import ReasonForm

# What a button of a list does: the admin page, the request, the chosen rows of one environment, the reason.
PressMany = Callable[..., str | None]


def verb_for_many(*, description: str, permission: str) -> Callable[[PressMany], Any]:
    """This function will make a method an action of a list of rows.

    Choosing it asks for a reason, then calls the method once per environment of the chosen rows, in its scope and all
    in one transaction: a refusal is shown and changes nothing. `permission` is the verb in `<app>.<verb>_<model>`.
    """

    def decorate(press: PressMany) -> Any:
        @wraps(press)
        def pressed(admin: Any, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponseBase | None:
            return _pressed_many(admin, request, chosen, partial(press, admin, request), description)

        button: Any = list_action(description=description, permissions=[permission])(pressed)
        button.verb_permission = permission
        return button

    return decorate


def _pressed_many(
    admin: Any, request: HttpRequest, chosen: QuerySet[Any], press: Callable[..., str | None], description: str
) -> HttpResponseBase | None:
    rows = list(chosen.select_related("environment__tenant").order_by("environment_id", "pk"))
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    if not form.is_valid():
        return _asked_many(admin, request, rows, form, description)
    try:
        with transaction.atomic():
            for environment, theirs in groupby(rows, key=lambda row: row.environment):
                with tenancy.scope(environment.as_scope()):
                    press(list(theirs), **form.cleaned_data)
    except errors.Refusal as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, f"{description}: {len(rows)} done.")
    return None


def _asked_many(
    admin: Any, request: HttpRequest, rows: Sequence[Model], form: ReasonForm, description: str
) -> HttpResponse:
    carried = [("action", request.POST["action"]), *((ACTION_CHECKBOX_NAME, str(row.pk)) for row in rows)]
    context = {
        **admin.admin_site.each_context(request),
        "title": description,
        "form": form,
        "row": f"{len(rows)} chosen",
        "carried": carried,
        "opts": admin.opts,
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "console/verb.html", context)
