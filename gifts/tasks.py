"""The gifts' jobs: mailing them, and ending those whose time is over."""

from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail

from core import clock, failpoints
from core.actor import SYSTEM
from gifts import internal
from gifts.models import Gift
from jobs.services import duty, job

LETTER = """Hello{name},

somebody has a gift for you: {plan}, for {intervals} billing {periods}.
{message}
Your code is

    {code}

It can be redeemed once, until {until}.
"""


@job("gifts.deliver", queue="q:mail", policy="queue", refers={"gift_id": "gifts.gift"})
def deliver(*, gift_id: str, after: str | None = None, **_: object) -> None:
    """This job will mail a gift's code to its recipient.

    Run again after it has noted the mail, it does nothing; after a death in between it mails a second code, and both
    work.
    """
    letter = internal.write_letter(UUID(gift_id), now=clock.now(), after=None if after is None else int(after))
    if __debug__:
        failpoints.reach("gifts.letter_written")
    if letter is None:
        return
    send_mail(f"A gift for you: {letter.plan}", _text(letter), settings.DEFAULT_FROM_EMAIL, [letter.to])
    if __debug__:
        failpoints.reach("gifts.mailed")
    internal.mark_delivered(UUID(gift_id), actor=SYSTEM, now=clock.now())
    if __debug__:
        failpoints.reach("gifts.delivered")


def _text(letter: internal.Letter) -> str:
    return LETTER.format(
        name=f" {letter.name}" if letter.name else "", plan=letter.plan, intervals=letter.intervals,
        periods="period" if letter.intervals == 1 else "periods", code=letter.code,
        message=f"\n{letter.message}\n" if letter.message else "",
        until=letter.expires_at.strftime("%Y-%m-%d %H:%M UTC"),
    )  # fmt: skip


@job("gifts.expire", queue="q:sub:plan_change", policy="billing")
def expire(*, id: str, **_: object) -> None:  # noqa: A002 - the name every duty's job uses
    """This job will end a gift whose time is over, if it still is."""
    internal.expire_gift(UUID(id), actor=SYSTEM, now=clock.now())


duty("gifts.expire", rows=lambda: Gift.objects.all().waiting(), at="expires_at")
