"""Where documents are kept and how they are handed out: a private storage, and links that work for a day.

On S3 the storage itself signs links to its files. A local folder is served by the house, under a token that is bound to
the environment, the document and the instant at which it expires.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from billing.documents.content import Logo
from core import errors

LIFETIME: Final = timedelta(hours=24)
LARGEST_LOGO: Final = 512 * 1024

_SALT: Final = "billing.documents"
_PICTURES: Final = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"<svg": "svg", b"<?xml": "svg"}
_NOT_IN_NAMES: Final = re.compile(r"[^\w.-]+", re.ASCII)


class LogoInvalid(errors.Invalid):
    code = "logo_invalid"
    title = "A logo is a PNG, JPEG or SVG picture of at most 512 KiB."


class DocumentFileMissing(Exception):
    """A document is in the database and not in the storage."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What a link entitles to: one document of one environment, until an instant."""

    environment_id: UUID
    document_id: UUID
    expires_at: datetime


def keep(path: str, content: bytes) -> None:
    """This function will write a file, in the place of one that is there already."""
    storage = _storage()
    written = storage.save(path, ContentFile(content))
    if written != path:
        # A storage that never overwrites gave it another name.
        storage.delete(written)
        storage.delete(path)
        storage.save(path, ContentFile(content))


def opened(path: str) -> "File[bytes]":
    """This function will open a file for reading.

    :raises DocumentFileMissing: if the storage has no such file.
    """
    try:
        return _storage().open(path)
    except FileNotFoundError:
        raise DocumentFileMissing(path) from None


def content(path: str) -> bytes:
    """This function will return the whole of a file.

    :raises DocumentFileMissing: if the storage has no such file.
    """
    with opened(path) as file:
        whole: bytes = file.read()
        return whole


def link(ticket: Ticket, *, public_id: str, path: str, name: str) -> str:
    """This function will return the URL under which whoever has it reads the document until the ticket expires.

    `public_id` names the document, `path` is where it is kept and `name` what the reader's file is called.
    """
    if settings.DOCUMENT_STORAGE == "s3":
        return _presigned(path, name)
    # Not in the path: that is what access logs are made of.
    return f"{settings.PUBLIC_URL}/documents/{public_id}?{urlencode({'token': _token(ticket)})}"


def ticket_of(token: str) -> Ticket:
    """This function will read a token that `link` has signed, whether or not it has expired.

    :raises core.errors.NotFound: for anything else.
    """
    try:
        environment_id, document_id, expires_at = _signer().unsign_object(token)
        return Ticket(
            environment_id=UUID(environment_id),
            document_id=UUID(document_id),
            expires_at=datetime.fromisoformat(expires_at),
        )
    except (signing.BadSignature, ValueError, TypeError):
        raise errors.NotFound from None


def disposition(name: str) -> str:
    """This function will return the Content-Disposition of a document that a browser shows."""
    return f'inline; filename="{file_name(name)}"'


def file_name(name: str) -> str:
    """This function will return a number or id as the name of a PDF file that every system accepts."""
    return f"{_NOT_IN_NAMES.sub('-', name).strip('.-') or 'document'}.pdf"


def picture_of(data: bytes) -> Logo:
    """This function will tell the format of a picture by its first bytes.

    :raises LogoInvalid: if it is none, or too large.
    """
    form = next((form for start, form in _PICTURES.items() if data.lstrip().startswith(start)), None)
    if form is None or len(data) > LARGEST_LOGO:
        raise LogoInvalid
    return Logo(format=form, data=data)


def find_logo(path: str, environment_id: UUID) -> Logo | None:
    """This function will return the logo at a path of the environment's own folder, or None where there is no such."""
    # A path is text that somebody typed: it must not lead into another environment's files.
    if not path.startswith(f"{environment_id}/") or ".." in path:
        return None
    try:
        return picture_of(content(path))
    except (DocumentFileMissing, LogoInvalid):
        return None


def _storage() -> Storage:
    return storages["documents"]


def _presigned(path: str, name: str) -> str:
    said = {"ResponseContentDisposition": disposition(name), "ResponseContentType": "application/pdf"}
    url: str = _storage().url(path, parameters=said, expire=int(LIFETIME.total_seconds()))  # type: ignore[call-arg]
    return url


def _signer() -> signing.Signer:
    return signing.Signer(salt=_SALT)


def _token(ticket: Ticket) -> str:
    held = [ticket.environment_id.hex, ticket.document_id.hex, ticket.expires_at.isoformat()]
    return _signer().sign_object(held)
