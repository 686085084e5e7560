"""Tenancy: every row belongs to one environment, and three fences keep it there.

The manager filters by the scope, foreign keys agree on the environment, and PostgreSQL's row-level security repeats
both for whoever writes SQL by hand. A face enters `scope(...)` once; nothing below it names an environment again.
Work across environments enters `core.tenancy.system.system_scope(reason)`, which is a module of its own so that the
import contracts can keep it out of `api/`.
"""

from core.tenancy.scopes import PLATFORM_ID, OutsideScope, Scope, current, environment_id, require, scope

__all__ = ["PLATFORM_ID", "OutsideScope", "Scope", "current", "environment_id", "require", "scope"]
