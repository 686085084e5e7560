"""Loads that are measured beside a reference in the same run: `make bench`, or `python -m benchmarks api`.

Rates of a shared machine move by tens of percent from run to run; ratios of one run are what is compared.
"""
