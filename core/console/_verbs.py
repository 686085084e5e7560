"""Buttons: each asks for a reason and calls the same verb as the API."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from core import errors, problems, tenancy
from core.actor import Actor
from core.console import _once, _step_up
from core.console._careful import Careful
from core.models import scope_of

SHORTEST_REASON = 3


@dataclass(frozen=True, kw_only=True)
class Secret:
    """What a button shows this once and never again. It goes into no message, log or session."""

    title: str
    text: str

    def __repr__(self) -> str:
        return f"Secret({self.title})"


# What a button does: the admin page, the request, the row, the operator's reason, and what else its form asks for by
# name; a returned text is shown, a returned secret gets a page of its own.
Press = Callable[..., str | Secret | None]


def actor(request: HttpRequest) -> Actor:
    """This function will return the operator who is logged in, as verbs and the audit log know him."""
    user: Any = request.user
    return Actor(
        type="operator",
        id=str(getattr(user, "public_id", user.pk)),
        scopes=frozenset({"read", "write", "correction"}),
        role="operator",
    )


class ReasonForm(Careful, forms.Form):
    """Why somebody presses a button; kept in the audit log with the change. Buttons that need more subclass it."""

    reason = forms.CharField(
        min_length=SHORTEST_REASON,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autofocus": True}),
    )


@dataclass(frozen=True, kw_only=True)
class _Button:
    """One press of one button: on which page, on which row (None for a list's button), and what it asks for."""

    admin: Any
    request: HttpRequest
    row: Any
    press: Callable[..., str | Secret | None]
    description: str
    form: type[ReasonForm]
    step_up: bool
    preview: Callable[..., Any] | None = None
    initial: Callable[[Any], dict[str, Any]] | None = None
    present: Callable[[Any], Any] | None = None

    def answer(self) -> HttpResponseBase:
        """This function will ask, do, or ask who it is first; and then show what came of it."""
        form = self.form(self.request.POST or None, initial=self.initial(self.row) if self.initial else None)
        if self.request.method != "POST" or not form.is_valid():
            return self._asked(form)
        if self.preview is not None and "preview" in self.request.POST:
            return self._asked(form, **self._previewed(self.preview, form))
        if self.step_up and not _step_up.is_fresh(self.request):
            return _step_up.ask(self.request, self.admin.admin_site, to=self.request.path)
        said = self._done(form)
        return HttpResponseRedirect(self._back) if said is None else self._shown(said)

    @property
    def _back(self) -> str:
        name = f"admin:{self.admin.opts.app_label}_{self.admin.opts.model_name}"
        is_there = self.row is not None and type(self.row)._default_manager.filter(pk=self.row.pk).exists()
        return reverse(f"{name}_change", args=[self.row.pk]) if is_there else reverse(f"{name}_changelist")

    def _asked(self, form: ReasonForm, **shown: Any) -> HttpResponse:
        key = _once.key_of(self.request) or _once.fresh_key()
        if self.present is not None:
            with tenancy.scope(_scope_of(self.row)), transaction.atomic():
                shown["present"] = self.present(self.row)
        if shown:
            # What stands above the form is to be seen first.
            form.fields["reason"].widget.attrs.pop("autofocus", None)
        previews = self.preview is not None
        return self._page("console/verb.html", form=form, row=self.row, key=key, previews=previews, **shown)

    def _previewed(self, preview: Callable[..., Any], form: ReasonForm) -> dict[str, Any]:
        """What the press would do, or why it would be refused."""
        try:
            with tenancy.scope(_scope_of(self.row)), transaction.atomic():
                return {"shown": preview(**form.cleaned_data)}
        except errors.Refusal as refused:
            return {"refused": refused.detail}

    def _shown(self, secret: Secret) -> HttpResponse:
        page = self._page("console/secret.html", secret=secret)
        page.headers["Cache-Control"] = "no-store"
        return page

    def _page(self, template: str, **more: Any) -> HttpResponse:
        each = self.admin.admin_site.each_context(self.request)
        context = {**each, "title": self.description, "opts": self.admin.opts, "back": self._back, **more}
        return TemplateResponse(self.request, template, context)

    def _done(self, form: ReasonForm) -> Secret | None:
        """The form's key makes a double click, a reload or a second tab one press; each is shown what it has done."""
        secrets: list[Secret] = []
        pressed = partial(self._pressed, form.cleaned_data, secrets)
        try:
            with tenancy.scope(_scope_of(self.row)), transaction.atomic():
                said = _once.once(self.request, actor(self.request), form.data, pressed)
        except (errors.Refusal, IntegrityError) as failure:
            refused = problems.as_refusal(failure)
            messages.error(self.request, refused.detail if refused else "")
            return None
        if secrets:
            return secrets[0]
        level = messages.ERROR if said.is_refusal else messages.SUCCESS
        messages.add_message(self.request, level, said.text or f"{self.description}: done.")
        return None

    def _pressed(self, given: dict[str, Any], secrets: list[Secret]) -> str | None:
        """What is kept for a repeat never holds a secret."""
        said = self.press(**given)
        if not isinstance(said, Secret):
            return said
        secrets.append(said)
        return "This has been done. Its secret was shown once and is gone."


def verb(
    *,
    description: str,
    permission: str,
    icon: str | None = None,
    form: type[ReasonForm] = ReasonForm,
    step_up: bool = False,
    preview: Callable[..., Any] | None = None,
    possible: Callable[[Any], bool] | None = None,
    initial: Callable[[Any], dict[str, Any]] | None = None,
    present: Callable[[Any], Any] | None = None,
) -> Callable[[Press], Any]:
    """This function will make a method a button of a row's page.

    Pressing it asks for a reason, and for what else the `form` has, then calls the method in the row's environment and
    in a transaction of its own; the form's values are keyword arguments. A refusal is shown and changes nothing.
    `permission` is the verb in `<app>.<verb>_<model>`. With `step_up` the password must be fresh. A `preview` is called
    with the request, the row and the values by a second button, and returns what is shown; it changes nothing. Rows
    for which the verb is not `possible` do not show the button; the verb refuses who presses it all the same. What the
    form shows at first is the `initial` of the row; above it stands what is `present`.
    """

    def decorate(press: Press) -> Any:
        @wraps(press)
        def pressed(admin: Any, request: HttpRequest, object_id: str) -> HttpResponseBase:
            row = admin.get_object(request, object_id)
            if row is None:
                return HttpResponseRedirect(reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist"))
            doing = partial(press, admin, request, row)
            return _Button(
                admin=admin, request=request, row=row, press=doing, description=description, form=form,
                step_up=step_up, preview=partial(preview, request, row) if preview else None,
                initial=initial, present=present,
            ).answer()  # fmt: skip

        button = _button(press, pressed, description, permission, icon)
        button.possible = possible
        return button

    return decorate


def in_state(*names: str) -> Callable[[Any], bool]:
    """This function will return whether a row's `state` (or `status`, where it is called so) is one of the named."""
    return lambda row: str(row.state if hasattr(row, "state") else row.status) in names


def list_verb(
    *,
    description: str,
    permission: str,
    icon: str | None = None,
    form: type[ReasonForm] = ReasonForm,
    step_up: bool = False,
) -> Callable[[Press], Any]:
    """This function will make a method a button above a list, for what makes a new row. It is as `verb` without a row:
    the method is called in the platform's environment and enters the one that the form names.
    """

    def decorate(press: Press) -> Any:
        @wraps(press)
        def pressed(admin: Any, request: HttpRequest) -> HttpResponseBase:
            doing = partial(press, admin, request)
            return _Button(
                admin=admin, request=request, row=None, press=doing, description=description, form=form,
                step_up=step_up,
            ).answer()  # fmt: skip

        return _button(press, pressed, description, permission, icon)

    return decorate


def _button(press: Press, pressed: Any, description: str, permission: str, icon: str | None) -> Any:
    button = action(description=description, permissions=[permission], url_path=press.__name__, icon=icon)(pressed)
    button.verb_permission = permission
    return button


def _scope_of(row: Model | None) -> tenancy.Scope:
    """The environment of the row; people and their places belong to none, so what happens to them is the platform's."""
    environment: Any = getattr(row, "environment", None)
    found: tenancy.Scope = scope_of(tenancy.PLATFORM_ID) if environment is None else environment.as_scope()
    return found
