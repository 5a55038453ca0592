"""The routes of balances: as they are found, and as they change."""

from __future__ import annotations

from ..web.messages import Route
from ..wiring import Context
from . import balances, stream

ROUTES: tuple[Route[Context], ...] = (*balances.ROUTES, *stream.ROUTES)
