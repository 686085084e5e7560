"""The bodies of printed documents."""

from core.http.serializers import Instant, RequestBody, ResponseBody, StrictInt, StrictString

LONGEST_LOCALE = 20
LOCALE = r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}"


class PrintDocument(RequestBody):
    """In which language, such as `de-AT`."""

    locale = StrictString(max_length=LONGEST_LOCALE, pattern=LOCALE)


class DocumentOrderedBody(ResponseBody):
    """A document that will be printed; a link to it is answered when it is."""

    kind = StrictString()
    locale = StrictString()


class DocumentLinkBody(ResponseBody):
    """Where a PDF is read until `expires_at`, by whoever has the link; `size` is in bytes."""

    url = StrictString()
    expires_at = Instant()
    sha256 = StrictString()
    size = StrictInt()
