"""One key, one effect, one answer: the records behind `Idempotency-Key`, the console's forms and commands.

The record is inserted before the effect. Where the effect is local both are one transaction: a concurrent repeat waits
on the unique index for the first; if that commits, the repeat finds the answer; if it dies, the repeat becomes the
first. No lease and no reaper is needed.
"""

from core.idempotency.claims import Claim, Fenced, Held, Kept, keep, release, take
from core.idempotency.fingerprints import fingerprint
from core.idempotency.purging import purge_expired

__all__ = ["Claim", "Fenced", "Held", "Kept", "fingerprint", "keep", "purge_expired", "release", "take"]
