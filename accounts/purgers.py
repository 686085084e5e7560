"""Which traces of logins may be forgotten."""

from django.db.models import Q

from accounts.models import LoginAttempt, PasswordReset, RefreshToken
from core import purging

purging.rows(
    "refresh_tokens", title="Refresh tokens whose whole family has expired", days=30,
    of=lambda before: RefreshToken.objects.filter(family_expires_at__lt=before),
)  # fmt: skip
purging.rows(
    "password_resets", title="Links for a new password that have expired", days=30,
    of=lambda before: PasswordReset.objects.filter(expires_at__lt=before),
)  # fmt: skip
purging.rows(
    "login_attempts", title="Counts of failed logins that block nobody any more", days=30,
    of=lambda before: LoginAttempt.objects.filter(
        Q(blocked_until=None) | Q(blocked_until__lt=before), window_started_at__lt=before
    ),
)  # fmt: skip
