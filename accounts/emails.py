"""E-mail addresses, compared the way people mean them."""

import unicodedata


def canonical(email: str) -> str:
    """This function will return an address as it is stored and compared: NFKC, lower case, without outer spaces."""
    return unicodedata.normalize("NFKC", email).strip().lower()
