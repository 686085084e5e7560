"""What beat asks for, and how often; the settings take it from here."""

from typing import Any

# What must not wait for a nudge: each look is a query for rows, so one that is missed costs only its interval.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "look for what is due": {"task": "jobs.look_for_due", "schedule": 1.0, "options": {"expires": 5}},
    "sweep the queues": {"task": "jobs.sweep", "schedule": 2.0, "options": {"expires": 5}},
    "complete abandoned requests": {"task": "core.complete_abandoned", "schedule": 10.0, "options": {"expires": 10}},
    "relay facts": {"task": "outbox.relay", "schedule": 1.0, "options": {"expires": 5}},
    "seal the audit log": {"task": "audit.seal", "schedule": 1.0, "options": {"expires": 5}},
    "sign the ends of the audit log": {"task": "audit.checkpoint", "schedule": 300.0, "options": {"expires": 240}},
    "fold refusals": {"task": "audit.fold_denials", "schedule": 60.0, "options": {"expires": 50}},
    "purge": {"task": "audit.purge", "schedule": 86_400.0, "options": {"expires": 3600}},
    "verify the audit log": {"task": "audit.verify", "schedule": 3600.0, "options": {"expires": 3000}},
}
