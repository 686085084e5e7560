"""Reading while people log in: what hashing passwords leaves of everybody else's answers."""

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from benchmarks.load import Clients, Measured, Request, median
from benchmarks.table import Line, ratio

LOGIN = "/api/v1/auth/login"
PASSWORD = "correct horse battery staple"
# So many people log in, again and again, all the time.
PEOPLE = 4


def email(number: int) -> str:
    """This function will return the address of one of the people who log in."""
    return f"person{number}@example.com"


def lines(port: int, readers: Clients, reading: Sequence[Sequence[Request]], *, key: str, each: int,
          pairs: int) -> list[Line]:  # fmt: skip
    """This function will measure a load of reads alone and while four people log in, `each` so many times a round."""
    with Clients(port) as people, ThreadPoolExecutor(1) as aside:
        turns = []
        for _ in range(pairs):
            alone = readers.run(reading)
            turns.append((alone, _while(aside.submit(people.run, _logging_in(key, each)), readers, reading)))
    slower = median([_p95(beside) / alone.at(95) for alone, beside in turns])
    middle = sorted(_p95(beside) for _, beside in turns)[len(turns) // 2]
    return [
        Line(what=f"GET one while {PEOPLE} log in", result=f"P95 {middle:.1f} ms"),
        ratio(f"GET one while {PEOPLE} log in, P95", slower, least=3, stretch=1.5, note="without", is_cost=True),
    ]


def _logging_in(key: str, each: int) -> list[list[Request]]:
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    bodies = [json.dumps({"email": email(number), "password": PASSWORD}) for number in range(PEOPLE)]
    return [[Request(method="POST", path=LOGIN, headers=headers, body=body)] * each for body in bodies]


def _while(logging_in: "Future[Measured]", readers: Clients, reading: Sequence[Sequence[Request]]) -> list[Measured]:
    """What was read while the logins lasted; the round in which they ended counts only if it is the only one."""
    found = [readers.run(reading)]
    while not logging_in.done():
        found.append(readers.run(reading))
    logging_in.result()
    return found[:-1] or found


def _p95(rounds: Sequence[Measured]) -> float:
    seconds = sorted(second for one in rounds for second in one.seconds)
    return Measured(rate=0, seconds=seconds).at(95)
