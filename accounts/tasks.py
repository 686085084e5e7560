"""Mail, sent by jobs."""

from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail

from accounts import internal
from core import clock
from jobs.services import job

RESET_TEXT = """Hello {name},

somebody asked for a new password for this e-mail address. Choose one here within an hour:

{link}

If it was not you, ignore this mail: nothing has changed.
"""


@job("accounts.mail_password_reset", queue="q:mail", policy="queue")
def mail_password_reset(*, login_id: str, **_: object) -> None:
    """This task will mail a fresh reset link; without a login (nobody has that address) it does nothing."""
    mail = internal.begin_password_reset(UUID(login_id), now=clock.wall()) if login_id else None
    if mail is None:
        return
    link = f"{settings.PUBLIC_URL}/reset-password#token={mail.token}"
    text = RESET_TEXT.format(name=mail.name or mail.email, link=link)
    send_mail("Choose a new password", text, settings.DEFAULT_FROM_EMAIL, [mail.email])
