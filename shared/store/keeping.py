"""How long what snapshot runs leave behind is kept; the snapshots themselves stay."""

from __future__ import annotations

from datetime import timedelta

KEEP_RUN = timedelta(days=400)
# They say what the assets of a run's snapshots were valued at.
KEEP_PRICES = timedelta(days=400)
KEEP_PLAN = timedelta(days=7)
KEEP_PART = timedelta(days=7)
KEEP_LATEST = timedelta(days=30)
