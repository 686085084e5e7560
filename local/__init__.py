"""The local runner: engines, child processes and the tour of `make run`.

It starts before Django does and is imported by no part of the house.
"""
