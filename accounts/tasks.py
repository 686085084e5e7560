"""Mail, sent by jobs. A token is made when its mail is, so that no queue ever holds one."""

from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail

from accounts import internal, letters
from accounts.models import Approval
from core import clock
from jobs.services import duty, job

PAGES = {"password": "/account/reset-password", "verify": "/account/verify-email"}


@job("accounts.mail_password_reset", queue="q:mail", policy="queue", refers={"login_id": "accounts.login"})
def mail_password_reset(*, login_id: str, **_: object) -> None:
    """This task will mail a fresh reset link; without a login (nobody has that address) it does nothing."""
    mail = internal.begin_password_reset(UUID(login_id), now=clock.wall()) if login_id else None
    if mail is not None:
        _send(letters.RESET, mail.email, mail.name, link=_link("password", mail.token))


@job("accounts.mail_member_reset", queue="q:mail", policy="queue", refers={"user_id": "accounts.user"})
def mail_member_reset(*, user_id: str, **_: object) -> None:
    """This task will mail a fresh reset link to a member or an operator; without one it does nothing."""
    mail = internal.begin_member_reset(UUID(user_id), now=clock.wall()) if user_id else None
    if mail is not None:
        _send(letters.RESET, mail.email, mail.name, link=_link("password", mail.token))


@job("accounts.mail_invitation", queue="q:mail", policy="queue", refers={"membership_id": "accounts.membership"})
def mail_invitation(*, membership_id: str, **_: object) -> None:
    """This task will tell a new member; who has no password yet gets the link to choose one."""
    mail = internal.begin_invitation(UUID(membership_id), now=clock.wall())
    if mail is None:
        return
    how = "Log in with your password."
    if mail.token:
        how = f"Choose your password here within a week:\n\n{_link('password', mail.token)}"
    _send(letters.INVITED, mail.email, mail.name, tenant=mail.tenant, role=mail.role, how=how)


@job("accounts.mail_verification", queue="q:mail", policy="queue", refers={"customer_id": "accounts.customer"})
def mail_verification(*, customer_id: str, **_: object) -> None:
    """This task will mail a link that proves a customer's address; a proved one is not written to."""
    mail = internal.begin_verification(UUID(customer_id), now=clock.wall())
    if mail is not None:
        _send(letters.VERIFY, mail.email, mail.name, link=_link("verify", mail.token))


@job(
    "accounts.mail_registration", queue="q:mail", policy="queue",
    refers={"registration_id": "accounts.pendingregistration"},
)  # fmt: skip
def mail_registration(*, registration_id: str, **_: object) -> None:
    """This task will mail the link that completes a registration, or that there is an account already."""
    mail = internal.begin_registration(UUID(registration_id), now=clock.wall())
    if mail is not None:
        letter = letters.REGISTER if mail.token else letters.REGISTERED_BEFORE
        _send(letter, mail.email, mail.name, link=_link("verify", mail.token))


@job("accounts.mail_notice", queue="q:mail", policy="queue")
def mail_notice(*, about: str, owner: str, owner_id: str, **_: object) -> None:
    """This task will tell a person what happened to his account."""
    found = internal.find_owner(owner, UUID(owner_id))
    if found is not None:
        _send(letters.NOTICES[about], *found)


def _link(page: str, token: str) -> str:
    # Behind the #, so that no server, log or Referer ever sees it.
    return f"{settings.PUBLIC_URL}{PAGES[page]}#token={token}"


def _send(letter: tuple[str, str], email: str, name: str, **words: str) -> None:
    subject, text = (part.format(name=name or email, **words) for part in letter)
    send_mail(" ".join(subject.split()), text, settings.DEFAULT_FROM_EMAIL, [email])


@job("accounts.expire_approval", queue="q:sub:plan_change", policy="billing")
def expire_approval(*, id: str, **_: object) -> None:  # noqa: A002 - the name every duty's job uses
    """This job will end an approval that nobody decided about in time."""
    internal.expire_approval(UUID(id), now=clock.now())


duty("accounts.expire_approval", rows=lambda: Approval.objects.all().waiting(), at="expires_at")
