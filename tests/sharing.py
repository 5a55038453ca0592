"""How tests are shared out when pytest runs in several processes: what shares servers stays together."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # has no types

# Their tests share servers, or what was applied with Terraform, for as long as pytest runs.
TOGETHER = tuple(f"tests/{folder}/" for folder in ("archive", "bus", "faults", "guard", "infra", "store"))


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Whoever is free is given the tests of the next file; those of some folders go to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)
