"""The engine room's rules."""

from core.invariants import rule

rule(
    "jobs.nothing_stuck",
    "no job is running long after its lease ended",
    """SELECT id::text, environment_id, kind, lease_until FROM jobs_job
       WHERE state = 'running' AND lease_until < clock_timestamp() - interval '10 minutes'""",
)
rule(
    "jobs.dead_letters_have_a_cause",
    "every dead letter says what killed it",
    "SELECT id::text, environment_id, kind FROM jobs_job WHERE state = 'dead' AND last_error = ''",
)
