"""The folder a local Perennial lives in: secrets, logs, mail, and whether it has been shown around."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.engines import state
from local.guard import CHECKOUT
from local.refusals import CannotRun


def _hex() -> str:
    return secrets.token_hex(32)


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": _hex,
    "JWT_SECRET": _hex,
    "AUDIT_HMAC_SECRET": _hex,
    "GIFT_CODE_PEPPER": _hex,
    "PAYMENT_WEBHOOK_SECRET": _hex,
    "FIELD_ENCRYPTION_KEYS": _key,
}


@dataclass(frozen=True)
class Home:
    """One home; everything in it goes with `make reset`."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "log"

    @property
    def mailbox(self) -> Path:
        return self.folder / "mailbox"

    @property
    def counters(self) -> Path:
        return self.folder / "counters"

    def forget_counters(self) -> None:
        """Forget what the web processes of an earlier run have counted."""
        for file in self.counters.glob("*.db"):
            file.unlink(missing_ok=True)

    @property
    def toured(self) -> bool:
        return (self.folder / "toured").exists()

    def remember_tour(self) -> None:
        """Note that the main job was shown; this function will make later runs short."""
        (self.folder / "toured").touch()

    def remember_company(self, told: Mapping[str, object]) -> dict[str, object]:
        """Keep what loading the demo company told.

        This function will return it, with what only the first load could tell (a key is shown once) filled in.
        """
        path = self.folder / "company.json"
        known: dict[str, object] = json.loads(path.read_text()) if path.exists() else {}
        known |= {name: value for name, value in told.items() if value not in (None, "")}
        state.write_private(path, json.dumps(known, indent=1) + "\n")
        return known


def open_home(folder: Path) -> Home:
    """Make a home; this function will create its folders and raise `CannotRun` where it cannot."""
    home = Home(state.prepare(folder))
    home.logs.mkdir(exist_ok=True)
    home.mailbox.mkdir(exist_ok=True)
    home.counters.mkdir(exist_ok=True)
    return home


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Name the home of this checkout; this function will return PERENNIAL_HOME where it is set, else `.local`."""
    return Path(environ.get("PERENNIAL_HOME") or CHECKOUT / ".local").absolute()


def settings(home: Home, port: int, environ: Mapping[str, str]) -> dict[str, str]:
    """Build the settings of a local run, without the engines'.

    This function will keep what `environ` sets, but for the few values that make the run local.
    """
    url = f"http://127.0.0.1:{port}"
    folders = {"MAILBOX_DIR": str(home.mailbox), "DOCUMENT_ROOT": str(home.folder / "documents")}
    folders["PROMETHEUS_MULTIPROC_DIR"] = str(home.counters)
    chosen = {"OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8", "PUBLIC_URL": url} | folders
    local = {"ENV": "local", "PORT": str(port), "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
    return chosen | kept_secrets(home) | dict(environ) | local


def kept_secrets(home: Home) -> dict[str, str]:
    """Read the home's secrets; this function will make up the missing ones and keep them in `env`, mode 0600."""
    path = home.folder / "env"
    lines = path.read_text().splitlines() if path.exists() else []
    known = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    missing = {name: make() for name, make in SECRETS.items() if name not in known}
    if missing:
        known |= missing
        state.write_private(path, "".join(f"{name}={value}\n" for name, value in known.items()))
    return known


@contextmanager
def only_run(home: Home) -> Iterator[None]:
    """Be the only run in a home; this function will raise `CannotRun` when another one lives there."""
    with (home.folder / "run.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Perennial already runs in {home.folder}. Stop it first, or set PERENNIAL_HOME."
            raise CannotRun(message, exit_code=2) from None
        yield
