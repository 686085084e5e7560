"""The file beside the database."""

import json
import os
from pathlib import Path

import pytest

from audit import internal, services, sink
from audit.models import SinkCursor

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path, settings) -> Path:
    path = tmp_path / "audit.jsonl"
    settings.AUDIT_LOG_PATH = str(path)
    return path


def places(path: Path) -> list[int]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line["seq"] for line in lines if line["chain"] == services.chain_name()]


def test_sealed_entries_and_checkpoints_are_written_once(file, grow):
    grow(2)
    internal.checkpoint()
    assert internal.write_sink() == 3
    assert internal.write_sink() == 0
    grow(1)
    assert internal.write_sink() == 1

    assert places(file) == [1, 2, 2, 3]
    assert file.stat().st_mode & 0o777 == 0o600


def test_without_a_path_nothing_is_written(grow):
    grow(1)
    assert internal.write_sink() == 0
    assert not SinkCursor.objects.exists()


def test_a_line_stays_one_line_whatever_it_says(file, grow):
    grow(1, "a\nb\u2028c\x1b[31m")
    internal.write_sink()
    (line,) = file.read_bytes().splitlines()
    assert line.isascii()
    assert b"\x1b" not in line


def test_a_file_that_was_moved_away_is_not_written_to_any_more(file, grow):
    grow(1)
    internal.write_sink()
    file.rename(file.with_suffix(".1"))
    grow(1)
    internal.write_sink()
    assert (places(file.with_suffix(".1")), places(file)) == ([1], [2])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(file, grow, mode):
    file.touch()
    file.chmod(mode)
    grow(1)
    with pytest.raises(sink.UnsafeSink, match="0600"):
        internal.write_sink()
    assert (file.read_text(), "0600" in sink.check(file)) == ("", True)
    assert not SinkCursor.objects.filter(sequence__gt=0).exists()


def test_a_link_a_pipe_and_a_folder_are_refused(file, grow, tmp_path):
    grow(1)
    target = tmp_path / "target"
    target.touch(mode=0o600)
    file.symlink_to(target)
    with pytest.raises(sink.UnsafeSink):
        internal.write_sink()
    assert target.read_text() == ""
    file.unlink()
    os.mkfifo(file, 0o600)
    with pytest.raises(sink.UnsafeSink):
        internal.write_sink()
    assert sink.check(file) == "it is not a regular file"
    assert sink.check(tmp_path / "nowhere" / "audit.jsonl").endswith("is no folder")
    assert sink.check(target) == ""


def test_a_disk_that_takes_a_part_of_a_line_is_given_the_rest(file, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:5]))
    sink.append(file, ["a long line", "and another"])
    assert file.read_text() == "a long line\nand another\n"


def test_what_a_crash_left_half_done_is_written_again(file, grow, monkeypatch):
    grow(2)

    def crash(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="no space"):
        internal.write_sink()
    monkeypatch.undo()
    assert internal.write_sink() == 2
    assert places(file) == [1, 2, 1, 2]
