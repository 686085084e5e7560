"""What the house writes to people about their accounts: subject and text, with the names that are filled in."""

from typing import Final

RESET: Final = (
    "Choose a new password",
    """Hello {name},

somebody asked for a new password for this e-mail address. Choose one here within an hour:

{link}

If it was not you, ignore this mail: nothing has changed.
""",
)
INVITED: Final = (
    "You are now a member of {tenant}",
    """Hello {name},

you have been made a member of {tenant}, as {role}. {how}
""",
)
VERIFY: Final = (
    "Is this your address?",
    """Hello {name},

please follow this link within three days to show that this address is yours:

{link}

If you know nothing of it, ignore this mail.
""",
)
REGISTER: Final = (
    "Complete your registration",
    """Hello {name},

somebody registered with this e-mail address and a password. If it was you, follow this link within a day:

{link}

If it was not you, ignore this mail: without the link nothing is registered.
""",
)
REGISTERED_BEFORE: Final = (
    "You have an account already",
    """Hello {name},

somebody, probably you, registered with this e-mail address, which has an account already. Log in as ever. If you have
forgotten the password, ask for a new one where you log in.

If it was not you, ignore this mail: nothing has changed.
""",
)
NOTICES: Final = {
    "password_changed": (
        "Your password was changed",
        """Hello {name},

the password of your account was changed, and every session that was open has ended.

If it was not you, ask for a new password at once and tell us.
""",
    ),
    "token_reused": (
        "One of your sessions was ended",
        """Hello {name},

a sign-in of your account was used a second time, as a copied one would be. We ended that session on every device.

Log in again. If you know of no reason, change your password.
""",
    ),
}
