"""How long is kept what nobody deletes; trades, wallets and snapshots stay until their user says so.

Of an erased user these remain until they expire, and nobody is shown them: the plans of runs for all users,
which name each user's wallets (KEEP_PLAN), the parts that were read for them, which name wallets and no user
(KEEP_PART), archives that were written before (KEEP_ARCHIVE, in the bucket that Terraform makes), and the
mark of the erasure, a hash that keeps a restore from bringing the user back (KEEP_ERASURE). The latest
balances (KEEP_LATEST) are those of an address, from the public chain, whoever asked for them. Firestore
removes what has expired within about a day.
"""

from __future__ import annotations

from datetime import timedelta

KEEP_RUN = timedelta(days=400)
# They say what the assets of a run's snapshots were valued at.
KEEP_PRICES = timedelta(days=400)
KEEP_PLAN = timedelta(days=7)
KEEP_PART = timedelta(days=7)
KEEP_LATEST = timedelta(days=30)
# As long as the bucket of Terraform's keeps them: its `archive_days`.
KEEP_ARCHIVE = timedelta(days=400)
# Longer than an archive, from which a restore could bring a user back, and than a plan, by which a run could.
# A bucket deletes within a day or two of the time, and what it deleted can be recovered for a week.
KEEP_ERASURE = KEEP_ARCHIVE + timedelta(days=30)
# A request that computes for an erased user is over by then.
LONGEST_REQUEST = timedelta(hours=1)
