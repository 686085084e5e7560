"""What a password must not be, beyond Django's own rules."""

import re
from typing import Any

from django.core.exceptions import ValidationError

SHORTEST_PART = 4


class NotTooLong:
    """A hash reads the whole password; nobody needs more than this, and nobody shall make us hash a novel."""

    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: Any = None) -> None:
        """This function will refuse a password that is too long; none is ever cut."""
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """This function will say the rule."""
        return f"A password has at most {self.max_length} characters."


class NotOfTheAddress:
    """A password is not made of its owner's e-mail address: what is left without the address's parts must be enough."""

    def __init__(self, least_left: int = 8) -> None:
        self.least_left = least_left

    def validate(self, password: str, user: Any = None) -> None:
        """This function will refuse a password that is short once the parts of the address are taken out."""
        left = password.casefold()
        for part in _parts(getattr(user, "email", "") or ""):
            left = left.replace(part, "")
        if left != password.casefold() and len(left) < self.least_left:
            raise ValidationError(self.get_help_text(), code="password_too_similar")

    def get_help_text(self) -> str:
        """This function will say the rule."""
        return "A password is not made of the e-mail address."


def _parts(email: str) -> list[str]:
    """The address, its two sides and their words, the longest first."""
    local, _, domain = email.casefold().partition("@")
    words = {email.casefold(), local, domain, *re.split(r"[\W_]+", email.casefold())}
    return sorted((word for word in words if len(word) >= SHORTEST_PART), key=len, reverse=True)
