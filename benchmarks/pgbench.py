"""The reference: pgbench with a script, prepared statements and as many clients as the load."""

import subprocess
import tempfile
from pathlib import Path

from benchmarks.load import Measured
from local.engines import binaries

MICROSECONDS = 1_000_000
THREADS = 2


def run(script: Path, url: str, *, clients: int, transactions: int, first: int) -> Measured:
    """This function will run a script `transactions` times per client and return how that went.

    `first` is where the running number `n` begins: numbers must not meet those of an earlier run.

    :raises subprocess.CalledProcessError: if pgbench fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(binaries.find_postgres().bin / "pgbench"), "--no-vacuum", "--protocol=prepared", "--log",
            f"--log-prefix={folder}/log", f"--client={clients}", f"--jobs={min(THREADS, clients)}",
            f"--transactions={transactions}", f"--define=n={first - 1}", f"--file={script}", url,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise SystemExit(f"pgbench failed:\n{done.stdout}{done.stderr}")
        lines = [line.split() for log in Path(folder).iterdir() for line in log.read_text().splitlines()]
    return _measured(lines)


def _measured(lines: list[list[str]]) -> Measured:
    """A line of pgbench's log: client, transaction, microseconds, script, and when it ended in seconds and parts."""
    seconds = [int(line[2]) / MICROSECONDS for line in lines]
    ends = [int(line[4]) + int(line[5]) / MICROSECONDS for line in lines]
    starts = [end - took for end, took in zip(ends, seconds, strict=True)]
    return Measured(rate=len(lines) / (max(ends) - min(starts)), seconds=sorted(seconds))
