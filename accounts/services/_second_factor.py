"""The second factor of people: codes of an authenticator app, and recovery codes for the day it is lost.

Devices are django-otp's rows. Wrong codes are counted with wrong passwords, so that neither can be guessed at leisure.
"""

import base64
import hmac
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import credentials
from accounts.models import User
from audit import services as audit
from core import errors, tenancy
from core.http import refusals
from core.models import scope_of

RECOVERY_CODES = 10
RECOVERY_LENGTH = 12
DEVICE_NAME = "Authenticator app"


class SecondFactorRequired(refusals.Unauthenticated):
    code = "second_factor_required"
    title = "The password is right; send a code of the authenticator app, too."


class CodeRefused(errors.Invalid):
    code = "code_refused"
    title = "This code is not right, or it has been used."


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What an authenticator app is told: `url` for the QR code, `secret` to be typed where no camera is."""

    url: str
    secret: str

    def __repr__(self) -> str:
        return "Enrolment(…)"


def is_enrolled(user: User) -> bool:
    """This function will tell whether a person has a second factor."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


@transaction.atomic
def begin_enrolment(user: User) -> Enrolment:
    """This function will return the secret of a person's new authenticator, the same until a code has confirmed it.

    :raises CodeRefused: if he has one already.
    """
    _lock(user)
    if is_enrolled(user):
        raise CodeRefused("There is an authenticator already.")
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": DEVICE_NAME})
    return Enrolment(url=device.config_url, secret=base64.b32encode(device.bin_key).decode().rstrip("="))


@transaction.atomic
def confirm_enrolment(user: User, code: str) -> list[str]:
    """This function will put a new authenticator in force by its first code, and return the recovery codes.

    They are shown this once: only their hashes are kept.

    :raises CodeRefused: for a wrong code, or where nothing was begun.
    """
    _lock(user)
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or is_enrolled(user) or not device.verify_token(_digits(code)):
        raise CodeRefused
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    _record("second_factor.enrolled", user)
    return _new_recovery_codes(user)


@transaction.atomic
def remove_second_factor(user: User, *, actor: str, reason: str) -> None:
    """This function will take a person's second factor away, for a lost telephone; the reason is kept in the audit log.

    His sessions end, so that nobody goes on under the protection of what is gone.
    """
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    user.session_version += 1
    user.save(update_fields=["session_version"])
    _record("second_factor.removed", user, actor=actor, reason=reason)


@transaction.atomic
def accept_code(user: User, code: str) -> bool:
    """This function will tell whether a code is right, and use it up: no code is ever accepted twice.

    The row's lock makes two that come at the same instant one after the other.
    """
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
    if device is not None and device.verify_token(_digits(code)):
        return True
    used, _ = StaticToken.objects.filter(
        device__user=user, device__confirmed=True, token=_kept(code)
    ).delete()  # fmt: skip
    if used:
        _record("recovery_code.used", user)
    return bool(used)


def _new_recovery_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="Recovery codes")
    codes = [credentials.random_base62(RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_kept(code)) for code in codes])
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _kept(code: str) -> str:
    """The hash of a recovery code, in the sixteen characters that its column has."""
    bare = code.replace("-", "").replace(" ", "")
    mac = hmac.digest(settings.SECRET_KEY.encode(), b"recovery.v1\x00" + bare.encode(), "sha256")
    return base64.b32encode(mac[:10]).decode()


def _digits(code: str) -> str:
    bare = code.replace(" ", "")
    return bare if bare.isascii() and bare.isdigit() else ""


def _lock(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)


def _record(action: str, user: User, *, actor: str = "", **meta: str) -> None:
    with tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        audit.record(action=action, target=user.public_id, actor=actor or f"operator:{user.public_id}", meta=meta)
