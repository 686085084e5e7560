"""A storage that cannot work stops the start and names the variable."""

import subprocess
import sys

import pytest

from tests.house import ROOT


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    """This function will load the settings of a local run with these variables."""
    words = [sys.executable, "-c", "from config import settings; print(settings.STORAGES['documents']['BACKEND'])"]
    return subprocess.run(
        words,
        env={"PATH": "/usr/bin:/bin"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )


def test_documents_are_local_unless_said_otherwise() -> None:
    assert start().stdout.strip() == "django.core.files.storage.FileSystemStorage"
    chosen = start(DOCUMENT_STORAGE="s3", DOCUMENT_S3_BUCKET="documents")
    assert chosen.stdout.strip() == "billing.s3.DocumentsOnS3"


@pytest.mark.parametrize(
    ("variables", "named"),
    [({"DOCUMENT_STORAGE": "ftp"}, "DOCUMENT_STORAGE"), ({"DOCUMENT_STORAGE": "s3"}, "DOCUMENT_S3_BUCKET")],
)
def test_a_storage_that_cannot_work_stops_the_start(variables: dict[str, str], named: str) -> None:
    outcome = start(**variables)
    assert outcome.returncode != 0
    assert f"ImproperlyConfigured: {named}" in outcome.stderr
