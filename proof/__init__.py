"""The proofs: long runs under faults, each with the figure it reaches and a control that must fail.

Not an app: nothing of the house imports it, and it is in no image that serves.
"""
