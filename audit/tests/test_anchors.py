"""What leaves the database can be verified without it, and held against it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit import exporting, internal, services, verification
from audit.models import Checkpoint, Entry, Head, Seal
from audit.tests.conftest import NEW, OLD
from tests.house import ROOT

pytestmark = pytest.mark.django_db
VERIFIER = ROOT / "scripts" / "verify_audit_export.py"
ALL = ("audit_entry", "audit_seal", "audit_checkpoint")


def outside(*arguments: object, **secrets: str) -> "subprocess.CompletedProcess[str]":
    """Run the verifier as a stranger would: Python alone, isolated, with nothing of the house on its path."""
    known = {"AUDIT_HMAC_KEY_ID": "k1", "AUDIT_HMAC_SECRET": OLD} | secrets
    words = [sys.executable, "-I", str(VERIFIER), *map(str, arguments)]
    return subprocess.run(words, env={"PATH": os.environ["PATH"]} | known, capture_output=True, text=True, check=False)


def broken(path: Path, *arguments: object, **secrets: str) -> list[tuple[str, int]]:
    done = outside(path, *arguments, "--json", **secrets)
    assert done.returncode == 1, done.stderr
    return [(one["kind"], one["sequence"]) for one in json.loads(done.stdout)]


def cut_off(owner_sql, place: int) -> None:
    """Take the end of the chain away, with everything in the database that could tell of it."""
    lost = list(Entry.objects.filter(seal__sequence__gt=place))
    before = Seal.objects.get(sequence=place)
    owner_sql("DELETE FROM audit_checkpoint WHERE sequence > %s", [place], off=ALL)
    owner_sql("DELETE FROM audit_seal WHERE sequence > %s", [place], off=ALL)
    owner_sql("DELETE FROM audit_entry WHERE id = ANY(%s)", [[entry.id for entry in lost]], off=ALL)
    owner_sql("DELETE FROM outbox_outboxevent WHERE event_id = ANY(%s)", [[entry.event_id for entry in lost]])
    head = "UPDATE audit_head SET sequence = %s, mac = %s WHERE environment_id = %s"
    owner_sql(head, [place, bytes(before.mac), before.environment_id])


@pytest.fixture
def exported(grow, tmp_path) -> Path:
    """A chain of five entries with checkpoints at three and five, as a file."""
    grow(3, "\n\u2028\x1b[31m é")
    internal.checkpoint()
    grow(2)
    internal.checkpoint()
    path = tmp_path / "audit.jsonl"
    path.write_text("".join(f"{line}\n" for line in exporting.lines()))
    return path


@pytest.fixture
def anchors(exported, tmp_path) -> Path:
    path = tmp_path / "anchors.jsonl"
    path.write_text("".join(f"{line}\n" for line in exporting.anchor_lines()))
    return path


def test_an_export_is_verified_without_the_house(exported, anchors):
    done = outside(exported, "--anchors", anchors)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{services.chain_name()}: whole to 5\n"


def test_no_control_character_leaves_the_house(exported):
    text = exported.read_text()
    assert len(text.splitlines()) == 7
    assert text.isascii()
    assert "\x1b" not in text
    assert "\\\\u001b" in text


def test_an_export_across_a_rotation_is_verified(exported, grow, new_key):
    new_key()
    internal.rotate_key("k2")
    grow(1)
    exported.write_text("".join(f"{line}\n" for line in exporting.lines()))
    secrets = {"AUDIT_HMAC_KEY_ID": "k2", "AUDIT_HMAC_SECRET": NEW}

    assert outside(exported, AUDIT_HMAC_OLD_SECRETS=json.dumps({"k1": OLD}), **secrets).returncode == 0
    assert broken(exported, **secrets) == [("unknown_kid", 1)]
    assert broken(exported) == [("unknown_kid", 6)]


def test_a_part_of_a_chain_says_where_it_begins(exported, grow):
    exported.write_text("".join(f"{line}\n" for line in exporting.lines(after=3)))
    done = outside(exported)
    assert done.returncode == 0
    assert "behind 3" in done.stdout


def test_lines_that_a_crash_wrote_twice_are_one(exported):
    lines = exported.read_text().splitlines(keepends=True)
    exported.write_text("".join([lines[0], lines[0], *lines[1:]]))
    assert outside(exported).returncode == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: [lines[0], lines[1].replace("entry", "other").replace("two", "2").replace(" 1", " 7"),
                        *lines[2:]], ("edited", 2)),
        (lambda lines: [lines[0], *lines[2:]], ("deleted", 2)),
        (lambda lines: [lines[1], lines[0], *lines[2:]], ("deleted", 1)),
        (lambda lines: [*lines[:4], *lines[5:]], ("truncated", 5)),
        (lambda lines: [*lines[:5], lines[5].replace('"seq":3', '"seq":2'), lines[6]], ("edited", 2)),
        (lambda lines: [*lines[:3], lines[3].replace(json.loads(lines[3])["mac"], "00" * 32), *lines[4:]],
         ("edited", 4)),
    ],
)  # fmt: skip
def test_a_changed_export_is_found(exported, change, expected):
    exported.write_text("".join(change(exported.read_text().splitlines(keepends=True))))
    assert broken(exported) == [expected]


def test_whoever_has_no_key_or_no_file_verifies_nothing(exported, tmp_path):
    assert outside(exported, AUDIT_HMAC_SECRET="").returncode == 2
    assert outside(tmp_path / "missing").returncode == 2
    exported.write_text("no json\n")
    assert outside(exported).returncode == 2


def test_a_database_whose_end_was_cut_off_without_a_trace_is_found_by_an_anchor(exported, anchors, owner_sql):
    known = verification.read_anchors(anchors)
    assert list(verification.verify(known)) == []
    cut_off(owner_sql, 2)

    assert list(verification.verify()) == [], "without anchors nothing is left that could tell"
    (found,) = verification.verify(known)
    assert (found.kind, found.sequence) == ("truncated", 3)


def test_a_database_that_was_written_anew_is_found_by_an_anchor(exported, anchors, owner_sql, grow):
    known = verification.read_anchors(anchors)
    cut_off(owner_sql, 2)
    grow(3, "other")

    assert list(verification.verify()) == [], "without anchors nothing is left that could tell"
    (found,) = verification.verify(known)
    assert (found.kind, found.sequence) == ("anchor_mismatch", 3)


def test_a_chain_that_is_gone_is_found_by_its_anchor(exported, anchors):
    text = anchors.read_text().replace(services.chain_name(), "e:env_gone")
    anchors.write_text(text)
    (found,) = verification.verify(verification.read_anchors(anchors))
    assert (found.chain, found.kind) == ("e:env_gone", "truncated")


def test_a_forged_anchor_is_called_one(exported, anchors):
    lines = [json.loads(line) for line in exporting.anchor_lines()]
    lines[0]["checkpoint_mac"] = "00" * 32
    anchors.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (found,) = verification.verify(verification.read_anchors(anchors))
    assert (found.kind, found.sequence) == ("anchor_mismatch", 3)


def test_the_command_exports_a_chain_and_says_so_in_the_log(exported, tmp_path):
    path = tmp_path / "export.jsonl"
    call_command("export_audit", chain=services.chain_name(), output=path)

    assert path.read_text() == exported.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    entry = Entry.objects.get(action="audit.exported")
    assert json.loads(entry.text)["meta"] == {"after": 0, "until": None, "reason": "manage.py export_audit"}


def test_the_command_exports_a_range_and_anchors_alone(exported, tmp_path):
    call_command("export_audit", chain=services.chain_name(), since=3, until=4, output=tmp_path / "range")
    call_command("export_audit", chain=services.chain_name(), anchors=True, output=tmp_path / "anchors")

    ranged = [json.loads(line) for line in (tmp_path / "range").read_text().splitlines()]
    assert [line.get("seq", line.get("after")) for line in ranged] == [3, 4]
    anchored = [json.loads(line) for line in (tmp_path / "anchors").read_text().splitlines()]
    assert [line["seq"] for line in anchored if line["chain"] == services.chain_name()] == [3, 5]
    with pytest.raises(CommandError, match="no chain"):
        call_command("export_audit", chain="e:env_nobody")


def test_a_checkpoint_is_made_once_for_each_end(grow):
    assert internal.checkpoint() == 0
    grow(2)
    assert (internal.checkpoint(), internal.checkpoint()) == (1, 0)
    grow(1)
    assert internal.checkpoint() == 1
    assert list(Checkpoint.objects.order_by("sequence").values_list("sequence", flat=True)) == [2, 3]
    assert Head.objects.get().sequence == 3
