"""The routes of the portfolio: as it is, and read anew."""

from __future__ import annotations

from ..web.messages import Route
from ..wiring import Context
from . import portfolio, refresh

ROUTES: tuple[Route[Context], ...] = (*portfolio.ROUTES, *refresh.ROUTES)
