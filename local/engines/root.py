"""How to run PostgreSQL, which refuses uid 0, whoever we are.

An ordinary user just runs it. For root there are three ways, tried in order: a user namespace in which root has
another number; the account `nobody`, with the data folder given to it; the same with everything in a folder under
/var/tmp, for a checkout that others cannot read.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SELF, NAMESPACE, NOBODY, STAGED = "self", "namespace", "nobody", "staged"
STAGING = Path("/var/tmp")  # noqa: S108 - each staging folder is made by mkdtemp, with a name nobody can foresee


@dataclass(frozen=True)
class Way:
    """One way to run a program: a command to put in front, or an account to become."""

    name: str
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def run(self, argv: Sequence[object], place: Path, seconds: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run a server program to its end; this function will capture its output and use `place` as the current folder.

        Output goes to a file, not a pipe: a server left behind would hold the pipe open for ever.
        """
        with tempfile.TemporaryFile("w+") as output:
            finished = subprocess.run(
                [*self.prefix, *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(os.environ),
                cwd=place,
                user=self.uid,
                group=self.gid,
                extra_groups=[] if self.uid is not None else None,
                timeout=seconds,
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(finished.args, finished.returncode, output.read(), "")

    def give(self, path: Path) -> None:
        """Hand a file or folder to the account that will use it; this function will do nothing where we are it."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def ways(name: str | None = None) -> list[Way]:
    """List the ways open to this process, best first.

    This function will return only the way called `name` when one is given, and an empty list when that is not open.
    """
    found = [*_namespace(), *_nobody()] if os.geteuid() == 0 else [Way(SELF)]
    return [way for way in found if name in (None, way.name)]


def environment(source: Mapping[str, str]) -> dict[str, str]:
    """Make a server's environment; this function will drop every PG* variable: they are about another server."""
    kept = {name: value for name, value in source.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": locale(), "LANG": locale()}


def locale() -> str:
    """Name the locale of the cluster; this function will return one that macOS knows on macOS."""
    return "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


def _namespace() -> list[Way]:
    program = shutil.which("unshare")
    # PostgreSQL looks its own account up, so the number must have an entry; whose it is does not matter.
    account = next((entry for entry in pwd.getpwall() if 0 < entry.pw_uid < 60000), None)
    if program is None or account is None or sys.platform != "linux":
        return []
    uid, gid = account.pw_uid, account.pw_gid or account.pw_uid
    way = Way(NAMESPACE, (program, "--user", f"--map-user={uid}", f"--map-group={gid}", "--"))
    # Containers often forbid it.
    return [way] if way.run(["true"], Path("/")).returncode == 0 else []


def _nobody() -> list[Way]:
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        return []
    return [Way(name, (), account.pw_uid, account.pw_gid) for name in (NOBODY, STAGED)]
