"""The console's doors: password, code, enrolment, and saying once more who one is.

They stand outside the console's transaction, so that no password is hashed while one is open: each verb they call
brings its own.
"""

from typing import Any

import qrcode
import qrcode.image.svg
from django.contrib import messages
from django.contrib.admin import site
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.safestring import SafeString
from django.views import View

from accounts import services
from accounts.models import User
from core import clock, console, context, errors
from core.actor import ANONYMOUS
from core.http import refusals

BACKEND = "django.contrib.auth.backends.ModelBackend"
PENDING, SECOND = "pending_operator", "second_factor"
# How long a right password waits for its code.
PENDING_FOR_S = 300
HOME = "/admin/"
# What the form of the log-in page is called by browsers and by Django's own page before it.
EMAIL, PASSWORD = "username", "password"


def has_second_factor(request: HttpRequest) -> bool:
    """This function will tell whether the session was opened with a code."""
    return bool(request.session.get(SECOND))


def wanted(request: HttpRequest) -> str:
    """This function will return where the operator was going, if that is in this house."""
    to = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(to, allowed_hosts=None) and to.startswith(HOME)
    return to if is_ours and not to.startswith(reverse("console-log-in")) else HOME


def _going(name: str, to: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': to})}")


def _address() -> str:
    return context.current().client_ip


class Door(View):
    """A page of its own, with what went wrong above the form."""

    template = ""
    title = ""

    def page(self, *, refused: errors.Refusal | None = None, **more: Any) -> HttpResponse:
        """This function will return the page, with a refusal's status and its words."""
        if refused is not None:
            _tell_denied()
        headers = getattr(refused, "headers", {})
        status = 429 if isinstance(refused, services.TooManyAttempts) else 503 if headers else 200
        words = {"title": self.title, "refused": _said(refused), "next": wanted(self.request), **more}
        each = site.each_context(self.request)
        shown = TemplateResponse(self.request, self.template, each | words, status=status)
        for name, value in {**headers, "Cache-Control": "no-store"}.items():
            shown.headers[name] = value
        return shown


def _tell_denied() -> None:
    """Who was tried is nobody's business: it may be somebody's password in the wrong field."""
    refusals.denied.send(
        sender=None, actor_label=ANONYMOUS.label, code="console_login_failed", status=401, environment_id=None
    )  # fmt: skip


def _said(refused: errors.Refusal | None) -> str:
    if refused is None:
        return ""
    found = [one["message"] for one in refused.members.get("errors", ())]
    return " ".join(found) or refused.detail


class LogIn(Door):
    """The first step: e-mail address and password."""

    template = "accounts/log_in.html"
    title = "Log in"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """This function will show the form, or send on who is in already."""
        user: Any = request.user
        return HttpResponseRedirect(wanted(request)) if user.is_authenticated and user.is_staff else self.page()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """This function will let in whose password is right, or send him to the second step."""
        email, password = request.POST.get(EMAIL, "")[:254], request.POST.get(PASSWORD, "")[:1000]
        try:
            user = services.identify_operator(email=email, password=password, address=_address(), now=clock.wall())
        except errors.Refusal as refused:
            return self.page(refused=refused, email=email)
        if services.is_enrolled(user):
            request.session.cycle_key()
            request.session[PENDING] = {"user": str(user.pk), "at": clock.unix()}
            return _going("console-code", wanted(request))
        _enter(request, user)
        return HttpResponseRedirect(wanted(request))


class Code(Door):
    """The second step: a code of the authenticator app, or a recovery code."""

    template = "accounts/code.html"
    title = "Your code"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """This function will show the form to whose password was right a moment ago."""
        return self.page() if _pending(request) else _going("console-log-in", wanted(request))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """This function will let in whose code is right, once."""
        user = _pending(request)
        if user is None:
            return _going("console-log-in", wanted(request))
        try:
            code = request.POST.get("code", "")[:40]
            services.confirm_operator(user, code=code, address=_address(), now=clock.wall())
        except errors.Refusal as refused:
            return self.page(refused=refused)
        _enter(request, user)
        request.session[SECOND] = True
        return HttpResponseRedirect(wanted(request))


class Enrol(Door):
    """The page on which an operator gets his second factor, and sees the recovery codes once."""

    template = "accounts/enrol.html"
    title = "Second factor"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """This function will admit who has shown within minutes who he is."""
        user: Any = request.user
        if not (user.is_authenticated and user.is_staff):
            return _going("console-log-in", request.path)
        if services.is_enrolled(user) and not has_second_factor(request):
            return _going("console-log-in", request.path)
        if not console.is_fresh(request):
            return console.ask_again(request, site, to=request.get_full_path())
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """This function will show the QR code of a new authenticator, or that there is one."""
        return self._offered(request)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """This function will put the authenticator in force and show the recovery codes."""
        user: Any = request.user
        if "step_up_password" in request.POST:
            return self._offered(request)
        try:
            codes = services.confirm_enrolment(user, request.POST.get("code", "")[:40])
        except errors.Refusal as refused:
            return self._offered(request, refused=refused)
        request.session[SECOND] = True
        return self.page(codes=codes)

    def _offered(self, request: HttpRequest, *, refused: errors.Refusal | None = None) -> HttpResponse:
        user: Any = request.user
        if services.is_enrolled(user):
            return self.page(is_enrolled=True)
        enrolment = services.begin_enrolment(user)
        return self.page(refused=refused, secret=enrolment.secret, picture=_picture(enrolment.url))


class StepUp(Door):
    """Who one is, once more; then on to where one was, with what one had typed."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """This function will ask for the password."""
        if not _is_in(request):
            return _going("console-log-in", HOME)
        return console.ask_again(request, site, to=wanted(request))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """This function will send the browser on with its form, once the password (and the code) is right."""
        if not _is_in(request):
            return _going("console-log-in", wanted(request))
        user: Any = request.user
        password, code = request.POST.get("step_up_password", "")[:1000], request.POST.get("step_up_code", "")[:40]
        try:
            services.reprove_operator(user, password=password, code=code, address=_address(), now=clock.wall())
        except errors.Refusal as refused:
            return console.ask_again(request, site, to=wanted(request), refused=refused.detail)
        console.note_proof(request)
        # 307: the browser repeats its POST there, with everything that was typed.
        sent_on = HttpResponseRedirect(wanted(request))
        sent_on.status_code = 307 if console.typed(request) else 302
        return sent_on


class ChangePassword(Door):
    """A new password; every other session of the operator ends."""

    template = "accounts/change_password.html"
    title = "Change password"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """This function will admit who is logged in."""
        return super().dispatch(request, *args, **kwargs) if _is_in(request) else _going("console-log-in", HOME)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """This function will show the form."""
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """This function will replace the password."""
        user: Any = request.user
        current, new = request.POST.get("current", "")[:1000], request.POST.get("new", "")[:1000]
        try:
            changed = services.change_operator_password(
                user, current=current, new=new, address=_address(), now=clock.wall()
            )
        except errors.Refusal as refused:
            return self.page(refused=refused)
        update_session_auth_hash(request, changed)
        console.note_proof(request)
        messages.success(request, "Your password is changed. Every other session of yours has ended.")
        return HttpResponseRedirect(HOME)


def _is_in(request: HttpRequest) -> bool:
    user: Any = request.user
    if not (user.is_authenticated and user.is_staff):
        return False
    return has_second_factor(request) or not services.is_enrolled(user)


def _enter(request: HttpRequest, user: User) -> None:
    request.session.pop(PENDING, None)
    login(request, user, backend=BACKEND)
    request.session["entered_at"] = clock.unix()
    services.note_console_login(user)


def _pending(request: HttpRequest) -> User | None:
    found = request.session.get(PENDING) or {}
    if clock.unix() - found.get("at", 0) >= PENDING_FOR_S:
        return None
    return User.objects.filter(pk=found["user"], is_active=True, is_staff=True).first()


def _picture(url: str) -> SafeString:
    """The QR code as an SVG inside the page: nothing is fetched from anywhere."""
    image = qrcode.make(url, image_factory=qrcode.image.svg.SvgPathImage, box_size=12, border=2)
    return SafeString(image.to_string(encoding="unicode"))


def leave(request: HttpRequest) -> None:
    """This function will end the operator's session."""
    logout(request)
