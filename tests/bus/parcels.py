"""Messages that say how they want to be treated."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

ALWAYS = 1_000


@dataclass(frozen=True)
class Parcel:
    """A message that is acknowledged once it was refused so often."""

    name: str
    refuse: int = 0

    def pack(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, data: bytes) -> Parcel:
        """The parcel that was packed into the data; data of another kind is never refused."""
        try:
            return cls(**json.loads(data))
        except ValueError:
            return cls("")
