"""Where the house stands, and how a test runs one of its tools."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def command(*arguments: str, cwd: Path = ROOT, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """This function will run a tool of this interpreter, unmeasured by coverage, and return its outcome and output."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("COVERAGE_", "COV_CORE_"))}
    environment |= {"PYTHONPATH": str(cwd), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        arguments, cwd=cwd, input=stdin, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


def tool(name: str) -> str:
    """This function will return the path of a console script installed beside this interpreter."""
    return str(Path(sys.executable).parent / name)


def text(name: str) -> str:
    """This function will return a file of the project's top."""
    return (ROOT / name).read_text(encoding="utf-8")
