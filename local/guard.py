"""A small process that outlives its starter, and ends what a killed starter could not.

It reads JSON lines from the pipe its starter holds: `[pid, mark]` for a process to end, and at last `"done"`. A pipe
that closes without `"done"` means the starter was killed.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from local import process

CHECKOUT = Path(__file__).resolve().parent.parent
# The worker puts unfinished work back within this time.
GRACE_SECONDS = 35.0


class Guard:
    """The starter's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.guard", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=CHECKOUT,
            start_new_session=True,
            text=True,
        )

    def watch(self, pid: int, mark: str) -> None:
        """Name a process to end; this function will have it ended should this process be killed."""
        self._write([pid, mark])

    def release(self) -> None:
        """Say that everything has been ended properly; this function will wait until the guard is gone."""
        self._write("done")
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()

    def _write(self, message: object) -> None:
        if self._process.stdin and not self._process.stdin.closed:
            try:
                self._process.stdin.write(json.dumps(message) + "\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                return


def main(folder: str) -> None:
    """Wait for the pipe to close; this function will clean up when nobody said `done`."""
    messages = [json.loads(line) for line in sys.stdin]
    if "done" in messages:
        return
    for pid, mark in messages:
        process.end(pid, mark, [(signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 5.0)])
    os.execv(sys.executable, [sys.executable, "-m", "local", "leave", folder])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1])
