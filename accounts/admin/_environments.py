"""The page of environments, with the button that this app's verb stands behind."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import services
from core import clock, console
from core.admin import EnvironmentAdmin
from core.models import Environment


class OriginsForm(console.ReasonForm):
    """Which web pages may read the answers: every origin on a line of its own, none for nobody's."""

    origins = forms.CharField(
        required=False, max_length=5_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="One on each line, such as https://shop.example. What is not listed is no longer allowed.",
    )  # fmt: skip


admin.site.unregister(Environment)


@admin.register(Environment)
class AllowingEnvironmentAdmin(EnvironmentAdmin):
    """The page of the core, with its button."""

    actions_detail = ("allow_origins",)

    @console.verb(description="Allow origins", permission="allow_origins", icon="language", form=OriginsForm)
    def allow_origins(self, request: HttpRequest, row: Environment, reason: str, origins: str) -> None:
        """This function will replace the origins whose web pages may read the answers."""
        author = console.actor(request)
        services.allow_origins(origins=origins.split(), reason=reason, actor=author, now=clock.now())
