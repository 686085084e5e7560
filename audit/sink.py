"""The file beside the database: JSON Lines that only grow, which nobody but us may read."""

import fcntl
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UnsafeSink(OSError):
    """The file is not one that we may write the log to: nothing was written."""


def append(path: Path, lines: Iterable[str]) -> None:
    """This function will write lines to the end of the file and not return before the disk has them.

    The file is opened anew each time, so one that was moved away by a log rotation is not written to any more. One
    process writes at a time, one line with one call.

    :raises UnsafeSink: unless it is a regular file of ours that nobody else may read or write.
    """
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for line in lines:
            _write(descriptor, f"{line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check(path: Path) -> str:
    """This function will return why a file cannot be the sink, or nothing if it can; one that is not there can be."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return "" if path.parent.is_dir() else f"{path.parent} is no folder"
    return _objection(found)


def _open(path: Path) -> int:
    is_new = not path.exists()
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as cause:
        raise UnsafeSink(f"{path}: {cause.strerror}") from cause
    if is_new:
        os.fchmod(descriptor, 0o600)
    if objection := _objection(os.fstat(descriptor)):
        os.close(descriptor)
        raise UnsafeSink(f"{path}: {objection}")
    return descriptor


def _objection(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "it is not a regular file"
    if found.st_uid != os.geteuid():
        return "it belongs to somebody else"
    return "others may read or write it; its mode must be 0600" if found.st_mode & _OTHERS else ""


def _write(descriptor: int, line: bytes) -> None:
    """A disk that fills up may take a part of a line; the rest follows, or the batch fails and is written again."""
    while line:
        line = line[os.write(descriptor, line) :]
