"""Where documents are kept, and the links under which they are read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import urllib3
from django.core import signing
from django.core.files.storage import InMemoryStorage, storages
from moto.server import ThreadedMotoServer

from billing import archive
from billing.archive import Ticket
from billing.tests.documents.contents import png
from config import settings as house
from core import errors, ids

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
PATH = "0190/invoice/inv_1/en.pdf"


def ticket() -> Ticket:
    """A ticket to some document until noon."""
    return Ticket(environment_id=ids.new(), document_id=ids.new(), expires_at=AT)


def token_of(url: str) -> str:
    """The token of a local link."""
    return parse_qs(urlsplit(url).query)["token"][0]


@pytest.fixture
def local(settings: Any, tmp_path: Path) -> Path:
    """Documents in a folder, as the settings make it."""
    options = house.STORAGES["documents"] | {"OPTIONS": house.STORAGES["documents"]["OPTIONS"] | {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"documents": options}
    return tmp_path


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Documents in a private bucket of an S3 on loopback; this fixture will return its address."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="documents")
    place = {"bucket_name": "documents", "endpoint_url": address, "region_name": "us-east-1"}
    settings.STORAGES = settings.STORAGES | {"documents": {"BACKEND": "billing.s3.DocumentsOnS3", "OPTIONS": place}}
    settings.DOCUMENT_STORAGE = "s3"
    yield address
    server.stop()


def test_a_file_is_kept_and_read(local: Path) -> None:
    archive.keep(PATH, b"%PDF one")
    assert archive.content(PATH) == b"%PDF one"
    assert (local / PATH).read_bytes() == b"%PDF one"


def test_only_the_house_reads_its_folder(local: Path) -> None:
    archive.keep(PATH, b"%PDF")
    assert (local / PATH).stat().st_mode & 0o777 == 0o600
    assert (local / PATH).parent.stat().st_mode & 0o777 == 0o700


def test_a_file_written_again_is_in_its_old_place(local: Path) -> None:
    archive.keep(PATH, b"%PDF one")
    archive.keep(PATH, b"two")
    assert archive.content(PATH) == b"two"
    assert [one for one in local.rglob("*") if one.is_file()] == [local / PATH]


def test_a_storage_that_never_overwrites_still_has_one_file() -> None:
    assert isinstance(storages["documents"], InMemoryStorage)
    archive.keep(PATH, b"one")
    archive.keep(PATH, b"two")
    assert archive.content(PATH) == b"two"
    assert storages["documents"].listdir("0190/invoice/inv_1") == ([], ["en.pdf"])


def test_a_file_that_is_gone_is_said_to_be(local: Path) -> None:
    with pytest.raises(archive.DocumentFileMissing):
        archive.opened(PATH)


def test_a_link_names_the_document_and_carries_its_ticket() -> None:
    held = ticket()
    url = urlsplit(archive.link(held, public_id="doc_1", path=PATH, name="INV-1"))
    assert f"{url.scheme}://{url.netloc}" == house.PUBLIC_URL
    assert url.path == "/documents/doc_1"
    assert archive.ticket_of(token_of(url.geturl())) == held


@pytest.mark.parametrize("token", ["", "x", ":", "a:b", "WyJhIl0:x", "\x00", "é", "W10", "x" * 5000])
def test_what_was_never_signed_is_no_ticket(token: str) -> None:
    with pytest.raises(errors.NotFound):
        archive.ticket_of(token)


def test_a_ticket_changed_in_one_letter_is_none() -> None:
    token = token_of(archive.link(ticket(), public_id="doc_1", path=PATH, name="INV-1"))
    for at, letter in enumerate(token[:-1]):
        changed = token[:at] + ("A" if letter != "A" else "B") + token[at + 1 :]
        with pytest.raises(errors.NotFound):
            archive.ticket_of(changed)


def test_a_ticket_signed_for_something_else_or_with_another_key_is_none(settings: Any) -> None:
    held = [ids.new().hex, ids.new().hex, AT.isoformat()]
    for forged in (
        signing.Signer().sign_object(held),
        signing.Signer(key="another", salt="billing.documents").sign_object(held),
        signing.Signer(salt="billing.documents").sign_object(held[:2]),
        signing.Signer(salt="billing.documents").sign_object(["x", *held[1:]]),
        signing.Signer(salt="billing.documents").sign_object([*held[:2], "tomorrow"]),
    ):
        with pytest.raises(errors.NotFound):
            archive.ticket_of(forged)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("INV-202601-00042", "INV-202601-00042.pdf"), ("2026/7", "2026-7.pdf"), ('a"b\r\nc', "a-b-c.pdf"),
        ("../../etc/passwd", "etc-passwd.pdf"), ("رقم", "document.pdf"), ("", "document.pdf"),
    ],
)  # fmt: skip
def test_a_number_becomes_a_name_for_every_system(number: str, name: str) -> None:
    assert archive.file_name(number) == name
    assert archive.disposition(number) == f'inline; filename="{name}"'


def test_a_logo_is_a_picture_of_the_environment_itself(local: Path) -> None:
    mine, other = ids.new(), ids.new()
    archive.keep(f"{mine}/logo", png())
    archive.keep(f"{other}/logo", png())
    archive.keep(f"{mine}/text", b"not a picture")
    archive.keep(f"{mine}/large", png() + b"\x00" * archive.LARGEST_LOGO)
    found = archive.find_logo(f"{mine}/logo", mine)
    assert found is not None
    assert (found.format, found.data) == ("png", png())
    for path in (f"{other}/logo", f"{mine}/../{other}/logo", f"{mine}/text", f"{mine}/large", f"{mine}/none", ""):
        assert archive.find_logo(path, mine) is None


def test_a_bucket_keeps_replaces_and_misses_files(bucket: str) -> None:
    archive.keep(PATH, b"%PDF one")
    archive.keep(PATH, b"%PDF two")
    assert archive.content(PATH) == b"%PDF two"
    with pytest.raises(archive.DocumentFileMissing):
        archive.opened("0190/none.pdf")


def test_a_bucket_signs_links_of_a_day_to_private_files(bucket: str) -> None:
    archive.keep(PATH, b"%PDF one")
    url = archive.link(ticket(), public_id="doc_1", path=PATH, name="2026/7")
    asked = parse_qs(urlsplit(url).query)
    assert asked["X-Amz-Expires"] == [str(int(timedelta(hours=24).total_seconds()))]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    answer = urllib3.request("GET", url)
    assert (answer.status, answer.data) == (200, b"%PDF one")
    assert answer.headers["Content-Disposition"] == 'inline; filename="2026-7.pdf"'
    assert answer.headers["Content-Type"] == "application/pdf"
