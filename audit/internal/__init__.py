"""What only workers bring about in the audit log."""

from audit.internal._checkpoints import checkpoint
from audit.internal._denials import fold_denials
from audit.internal._purging import purge_daily
from audit.internal._rotation import rotate_key
from audit.internal._sealing import seal, seal_batch
from audit.internal._sink import write_sink
from audit.internal._verifying import verify_chains

__all__ = [
    "checkpoint",
    "fold_denials",
    "purge_daily",
    "rotate_key",
    "seal",
    "seal_batch",
    "verify_chains",
    "write_sink",
]
