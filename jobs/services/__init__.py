"""What anybody may ask of the engine room."""

from jobs.leases import still_mine
from jobs.registry import QUEUES, duty, job, pump, schedulable
from jobs.services._clock import advance_clock
from jobs.services._dead_letters import (
    MOST,
    Selection,
    SelectionEmpty,
    discard_job,
    discard_jobs,
    requeue_job,
    requeue_jobs,
)
from jobs.services._enqueue import NewJob, RetryAfter, enqueue, enqueue_found, enqueue_many, enqueue_new, nudge_relay
from jobs.services._following import Progress, Stuck, count_stuck, list_progress, list_stuck
from jobs.services._schedule import (
    HORIZON,
    NotSchedulable,
    RunAtInvalid,
    ScheduleKeyReused,
    cancel_schedule,
    cancel_schedules_of,
    schedule,
)

__all__ = [
    "HORIZON",
    "MOST",
    "QUEUES",
    "NewJob",
    "NotSchedulable",
    "Progress",
    "RetryAfter",
    "RunAtInvalid",
    "ScheduleKeyReused",
    "Selection",
    "SelectionEmpty",
    "Stuck",
    "advance_clock",
    "cancel_schedule",
    "cancel_schedules_of",
    "count_stuck",
    "discard_job",
    "discard_jobs",
    "duty",
    "enqueue",
    "enqueue_found",
    "enqueue_many",
    "enqueue_new",
    "job",
    "list_progress",
    "list_stuck",
    "nudge_relay",
    "pump",
    "requeue_job",
    "requeue_jobs",
    "schedulable",
    "schedule",
    "still_mine",
]
