"""Endpoints' secrets at rest. The first of `FIELD_ENCRYPTION_KEYS` encrypts, all of them decrypt."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from core import signatures


class SecretUnreadable(RuntimeError):
    """None of the configured keys opens a stored secret: the key it was encrypted with has been taken away."""


def new() -> tuple[str, str]:
    """This function will return a new signing secret: as it is shown once, and as it is stored."""
    secret = signatures.new_secret()
    return secret, seal(secret)


def seal(secret: str) -> str:
    """This function will return the encrypted form of a secret."""
    return _box().encrypt(secret.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """This function will return the secret behind its encrypted form.

    :raises SecretUnreadable: if no configured key opens it.
    """
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable("FIELD_ENCRYPTION_KEYS holds no key that opens the secret of this endpoint") from None


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])
