"""How many days there remains, of an erased user, what nobody is shown."""

from __future__ import annotations

from ..store.keeping import KEEP_ERASURE, KEEP_LATEST, KEEP_PART, KEEP_PLAN

RUN_DAYS = max(KEEP_PLAN, KEEP_PART).days
"""The plans of runs, and the parts that were read for them."""
MARK_DAYS = KEEP_ERASURE.days
"""The hash that says that the user was erased."""
LATEST_DAYS = KEEP_LATEST.days
"""The latest balances of an address."""
