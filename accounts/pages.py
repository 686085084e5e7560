"""The two pages that mailed links lead to. What they do, they do over the API, with the token behind the link's `#`."""

from django.urls import path
from django.views.generic import TemplateView

urlpatterns = [
    path(
        "account/reset-password",
        TemplateView.as_view(template_name="accounts/reset_password.html"),
        name="account-reset-password",
    ),
    path(
        "account/verify-email",
        TemplateView.as_view(template_name="accounts/verify_email.html"),
        name="account-verify-email",
    ),
]
