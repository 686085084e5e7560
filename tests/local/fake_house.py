"""A house of a few lines for the runner's tests: `python -m tests.local.fake_house <home> <port> <run|demo> <trouble>`.

Each program is real, small, and says in `told.txt` of the home what it was given.
"""

import os
import sys
from functools import partial
from pathlib import Path

from rich.console import Console

from local.__main__ import HIGHEST_PORT
from local.home import open_home
from local.house import House
from local.refusals import CannotRun
from local.run import Run, run
from local.screen import Screen
from local.story import Report, Step, TourResult, TourSettings

TELL = """
import os, sys, time
def tell(line):
    with open(os.path.join(os.path.dirname(os.environ["MAILBOX_DIR"]), "told.txt"), "a") as file:
        file.write(line + "\\n")
"""
MIGRATE = (
    TELL
    + """
tell("migrate as " + os.environ["DATABASE_URL"].split("//")[1].split(":")[0])
print("the last words of migrate")
sys.exit(int(sys.argv[1] == "migrate_fails"))
"""
)
LOAD = (
    TELL
    + """
tell("load as " + os.environ["DATABASE_URL"].split("//")[1].split(":")[0])
print("chatter")
keys = '"api_key": "sk_1", "publishable_key": "pk_1"'
print('{' + keys + ', "operator_email": "ada@perennial.example", "operator_password": "pw"}')
"""
)
LOAD_AGAIN = (
    TELL
    + """
print('{"api_key": null, "operator_email": "ada@perennial.example"}')
"""
)
WEB = (
    TELL
    + """
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
tell(f"web {os.getpid()}")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Answer).serve_forever()
"""
)
WORKER = (
    TELL
    + """
import signal
tell(f"worker {os.getpid()}")
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, lambda *_: tell("worker will not"))
else:
    signal.signal(signal.SIGTERM, lambda *_: (tell("worker finished its work"), sys.exit(0)))
while True:
    signal.pause()
"""
)
BEAT = (
    TELL
    + """
import signal
tell(f"beat {os.getpid()}")
if sys.argv[1] == "beat_dies":
    sys.exit("the last words of beat")
signal.pause()
"""
)


def program(text: str, trouble: str, *arguments: object) -> list[str]:
    """This function will return the command line of one of the programs above."""
    return [sys.executable, "-c", text, trouble, *map(str, arguments)]


def tour(settings: TourSettings, report: Report, trouble: str) -> TourResult:
    """This function will report two steps, one of them wrong in trouble."""
    report(Step("a step", f"first={settings.first_run} key={settings.api_key} [in brackets]"))
    role = settings.environment["DATABASE_URL"].split("//")[1].split(":")[0]
    report(Step("another", f"{settings.publishable_key} {role}", ok=trouble != "tour_fails"))
    return TourResult(1, 1) if trouble == "tour_fails" else TourResult(2, 0)


def main(folder: str, port: str, mode: str, trouble: str) -> int:
    """This function will run the fake house and return its exit status."""
    home = open_home(Path(folder))
    told = home.folder / "told.txt"
    house = House(
        migrate=program(MIGRATE, trouble),
        load_demo=program(LOAD_AGAIN if home.toured else LOAD, trouble),
        web=lambda at: program(WEB, trouble, at),
        worker=program(WORKER, trouble),
        beat=program(BEAT, trouble),
        worker_answers=lambda _: "worker" in told.read_text(),
    )
    this = Run(
        home=home,
        port=int(port),
        environ=os.environ,
        house=house,
        tour=partial(tour, trouble=trouble),
        screen=Screen(Console(width=40)),
        serve=mode == "run",
    )
    try:
        return run(this)
    except CannotRun as why:
        sys.stdout.write(f"{why}\n")
        return why.exit_code


if __name__ == "__main__":
    assert int(sys.argv[2]) <= HIGHEST_PORT
    sys.exit(main(*sys.argv[1:5]))
