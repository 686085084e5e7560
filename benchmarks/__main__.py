"""`python -m benchmarks` runs every load, `python -m benchmarks api` one; both print a table."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks import api, chain, invoices, pricing, relay, renewals
from benchmarks.table import Line, render

LOADS: dict[str, Callable[[], list[Line]]] = {
    "api": api.run, "relay": relay.run, "chain": chain.run, "pricing": pricing.run,
    "invoices": invoices.run, "renewals": renewals.run,
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """This function will measure what was named, or everything, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Loads beside their references.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"one or more of: {', '.join(LOADS)}")
    chosen = parser.parse_args(arguments).names or list(LOADS)
    if unknown := set(chosen) - set(LOADS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(LOADS)}")
    for name in chosen:
        started = time.monotonic()
        print(f"{name}: {(sys.modules[LOADS[name].__module__].__doc__ or '').splitlines()[0]}", flush=True)
        print(render(LOADS[name]()))
        print(f"Measured in {time.monotonic() - started:.0f} s.\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
