"""A module's work in a process of its own that has Django set up already: a fork of the test's."""

import json
import os
import runpy
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connections

from local.engines import databases


def ask(module: str, environment: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """Run a module as `benchmarks.house.ask` does, on the database that the environment names.

    This function will return the JSON object on the last line of what it prints; the test's own connections must be
    closed.
    """
    with TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        child = os.fork()
        if child == 0:
            _answer(module, environment, arguments, said)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output = said.read_text(encoding="utf-8")
    if status:
        raise SystemExit(f"{module} {' '.join(arguments)} failed:\n{output}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def _answer(module: str, environment: Mapping[str, str], arguments: tuple[str, ...], said: Path) -> None:
    code = 1
    try:
        with said.open("w", encoding="utf-8") as output:
            sys.stdout = sys.stderr = output
            sys.argv = [module, *arguments]
            os.environ.update(environment)
            connections["default"].settings_dict["NAME"] = databases.name_of(environment["DATABASE_URL"])
            try:
                runpy.run_module(module, run_name="__main__")
                code = 0
            except BaseException:  # noqa: BLE001 - what it said is all that is left of a child
                traceback.print_exc()
    finally:
        os._exit(code)
