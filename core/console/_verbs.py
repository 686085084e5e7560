"""Buttons: each asks for a reason and calls the same verb as the API."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from core import errors, tenancy
from core.actor import Actor
from core.console import _once

SHORTEST_REASON = 3

# What a button does: the admin page, the request, the row, the operator's reason, and what else its form asks for by
# name; a returned text is shown.
Press = Callable[..., str | None]


def actor(request: HttpRequest) -> Actor:
    """This function will return the operator who is logged in, as verbs and the audit log know him."""
    user: Any = request.user
    return Actor(
        type="operator",
        id=str(getattr(user, "public_id", user.pk)),
        scopes=frozenset({"read", "write"}),
        role="operator",
    )


class ReasonForm(forms.Form):
    """Why somebody presses a button; kept in the audit log with the change. Buttons that need more subclass it."""

    reason = forms.CharField(
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
    )


def verb(
    *, description: str, permission: str, icon: str | None = None, form: type[ReasonForm] = ReasonForm
) -> Callable[[Press], Any]:
    """This function will make a method a button of a row's page.

    Pressing it asks for a reason, and for what else the `form` has, then calls the method in the row's environment and
    in a transaction of its own; the form's values are keyword arguments. A refusal is shown and changes nothing.
    `permission` is the verb in `<app>.<verb>_<model>`.
    """

    def decorate(press: Press) -> Any:
        @wraps(press)
        def pressed(admin: Any, request: HttpRequest, object_id: str) -> HttpResponseBase:
            return _pressed(admin, request, object_id, partial(press, admin, request), description, form)

        button = action(description=description, permissions=[permission], url_path=press.__name__, icon=icon)(pressed)
        button.verb_permission = permission
        return button

    return decorate


def _pressed(
    admin: Any, request: HttpRequest, object_id: str, press: Press, description: str, asks: type[ReasonForm]
) -> HttpResponseBase:
    row = admin.get_object(request, object_id)
    if row is None:
        return HttpResponseRedirect(reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist"))
    form = asks(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _asked(admin, request, row, form, description)
    _do(request, row, form, partial(press, row, **form.cleaned_data), description)
    return HttpResponseRedirect(_page_of(admin, row))


def _page_of(admin: Any, row: Model) -> str:
    return reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_change", args=[row.pk])


def _asked(admin: Any, request: HttpRequest, row: Model, form: ReasonForm, description: str) -> HttpResponse:
    context = {
        **admin.admin_site.each_context(request),
        "title": description,
        "form": form,
        "row": row,
        "key": _once.key_of(request) or _once.fresh_key(),
        "opts": admin.opts,
        "back": _page_of(admin, row),
    }
    return TemplateResponse(request, "console/verb.html", context)


def _do(request: HttpRequest, row: Any, form: forms.Form, press: Callable[[], str | None], description: str) -> None:
    """The form's key makes a double click, a reload or a second tab one press; each is shown what it has done."""
    try:
        with tenancy.scope(row.environment.as_scope()), transaction.atomic():
            said = _once.once(request, actor(request), form.data, press)
    except errors.Refusal as refused:
        messages.error(request, refused.detail)
    else:
        level = messages.ERROR if said.is_refusal else messages.SUCCESS
        messages.add_message(request, level, said.text or f"{description}: done.")
