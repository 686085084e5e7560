"""The reference pages say what the code says."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from core import reference

DOCS = Path(settings.BASE_DIR) / "docs"


def test_the_committed_pages_are_as_the_code_is():
    call_command("write_reference", "--check")


def test_an_old_page_is_noticed(tmp_path, settings, capsys):
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.py").write_text('# Where it listens.\nPORT = env.int("PORT", default=8000)\n')
    with pytest.raises(SystemExit):
        call_command("write_reference", "--check")
    call_command("write_reference")
    call_command("write_reference", "--check")

    assert "| `PORT` | int | `8000` | Where it listens. |" in (tmp_path / "docs" / "configuration.md").read_text()


def test_every_problem_has_one_anchor():
    page = reference.problems_page()
    codes = [line.split('"')[1] for line in page.splitlines() if line.startswith("| <a id")]
    assert len(codes) > 50
    assert "gift_not_redeemable" in codes


def test_no_default_secret_is_printed():
    assert "insecure" not in (DOCS / "configuration.md").read_text()
