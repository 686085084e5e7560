"""`python -m local <verb>`: what the Makefile calls."""

import argparse
import os
import pkgutil
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local import engines, home, process
from local.house import House
from local.refusals import CannotRun
from local.run import Run, run
from local.screen import Screen

DEFAULT_PORT = 8000
HIGHEST_PORT = 65535


def main(arguments: Sequence[str]) -> int:
    """Do what one verb says; this function will return the exit status of the process."""
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.verb(chosen)
    except CannotRun as why:
        sys.stdout.flush()
        print(f"\n{why}", file=sys.stderr)
        return why.exit_code
    except KeyboardInterrupt:
        return 130
    return status


def serve(_: argparse.Namespace) -> int:
    """Run Perennial until Ctrl-C; this function will keep its data for the next time."""
    port = _port()
    if not process.is_free(port):  # found before the home is even made
        raise CannotRun(f"Port {port} is taken. Choose another: make run PORT={process.free_port()}", exit_code=2)
    return _run(home.default_folder(), port, serves=True)


def demo(_: argparse.Namespace) -> int:
    """Show and check the main job once, on a home of its own; this function will leave nothing running."""
    folder = home.default_folder() / "demo"
    home.open_home(folder.parent)
    engines.remove(folder)
    return _run(folder, process.free_port(), serves=False)


def reset(_: argparse.Namespace) -> int:
    """Stop the home's engines and delete it."""
    folder = home.default_folder()
    if not folder.exists():
        print(f"Nothing to reset: there is no {folder}.")
        return 0
    if (folder / "run.lock").exists():
        with home.only_run(home.Home(folder)):
            pass
    engines.remove(folder / "demo")
    engines.remove(folder)
    print(f"Deleted {folder}.")
    return 0


def show_engines(_: argparse.Namespace) -> int:
    """Start the engines, leave them running, and print the variables by which they are found."""
    started = engines.start(home.open_home(home.default_folder()).folder)
    for name, value in started.environment.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def execute(chosen: argparse.Namespace) -> int:
    """Run any command with the engines up; this function will return the command's exit status."""
    if not chosen.command:
        raise CannotRun("Name a command: python -m local exec -- <command>", exit_code=2)
    here = home.open_home(home.default_folder())
    started = engines.start(here.folder)
    try:
        environment = home.settings(here, _port(), os.environ) | started.environment
        if chosen.owner:
            environment["DATABASE_URL"] = started.database_owner_url
        return _attend(chosen.command, environment)
    finally:
        started.stop()


def leave(chosen: argparse.Namespace) -> int:
    """Clean up after a starter that was killed; the guard calls this."""
    engines.leave(Path(chosen.folder))
    return 0


def _run(folder: Path, port: int, *, serves: bool) -> int:
    # Named, not imported: the other verbs need not wait for what the tour imports.
    tour = pkgutil.resolve_name("local.tour:run")
    this = Run(
        home=home.open_home(folder),
        port=port,
        environ=os.environ,
        house=House(),
        tour=tour,
        screen=Screen(),
        serve=serves,
    )
    return run(this)


def _attend(command: Sequence[str], environment: dict[str, str]) -> int:
    """Wait for a command that has the terminal: Ctrl-C is for it, and a request to end is passed on to it."""
    # A handler of ours, not SIG_IGN: the command would inherit that.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as why:
        raise CannotRun(f"{command[0]}: {why.strerror}", exit_code=127) from None
    signal.signal(signal.SIGTERM, lambda number, *_: child.send_signal(number))
    try:
        code = child.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def _port() -> int:
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_PORT:
        raise CannotRun(f"PORT={text} is not a port number.", exit_code=2)
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="Perennial on this machine.")
    verbs = parser.add_subparsers(required=True, metavar="verb")
    for name, verb in (("run", serve), ("demo", demo), ("reset", reset), ("engines", show_engines)):
        verbs.add_parser(name, help=(verb.__doc__ or "").split(";")[0]).set_defaults(verb=verb)
    execution = verbs.add_parser("exec", help="Run any command with the engines up.")
    execution.add_argument("--owner", action="store_true", help="as the role that owns the tables")
    execution.add_argument("command", nargs=argparse.REMAINDER)
    execution.set_defaults(verb=_execute_after_dashes)
    leaving = verbs.add_parser("leave")
    leaving.add_argument("folder")
    leaving.set_defaults(verb=leave)
    return parser


def _execute_after_dashes(chosen: argparse.Namespace) -> int:
    chosen.command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    return execute(chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
