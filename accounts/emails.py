"""E-mail addresses, compared the way people mean them."""

import unicodedata


def canonical(email: str) -> str:
    """This function will return an address as it is stored and compared: NFKC, lower case, without outer spaces."""
    return unicodedata.normalize("NFKC", email).strip().lower()


# Of these every spelling with dots is one mailbox.
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})


def mailbox(email: str) -> str:
    """This function will return the mailbox that an address leads to: without a plus tag, and without Gmail's dots."""
    local, _, domain = canonical(email).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"
