"""From path and method to route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from ..errors import MethodNotAllowed, NotFound
from .messages import Route

C = TypeVar("C")


class Router(Generic[C]):
    """Finds routes.

    With a `base`, what lies at or under it also answers at the root: a function deployed on its own is
    reached either way.
    """

    def __init__(self, routes: Iterable[Route[C]], base: str | None = None) -> None:
        self._routes: dict[str, dict[str, Route[C]]] = {}
        for route in routes:
            self._add(route.path, route)
            if base is not None and (route.path + "/").startswith(base + "/"):
                self._add(route.path.removeprefix(base) or "/", route)

    def find(self, method: str, path: str) -> Route[C]:
        """The route; HEAD finds GET's. Raises NotFound and MethodNotAllowed."""
        by_method = self._routes.get(path)
        if by_method is None:
            raise NotFound("there is nothing at this path; /docs lists what there is")
        route = by_method.get("GET" if method == "HEAD" else method)
        if route is None:
            allow = self.methods(path)
            raise MethodNotAllowed(f"this path answers {', '.join(allow)}", allow)
        return route

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods that a path answers. Raises NotFound."""
        if path not in self._routes:
            raise NotFound("there is nothing at this path; /docs lists what there is")
        own = self._routes[path]
        return (*own, *(("HEAD",) if "GET" in own else ()), "OPTIONS")

    def _add(self, path: str, route: Route[C]) -> None:
        by_method = self._routes.setdefault(path, {})
        if route.method in by_method:
            raise ValueError(f"two routes answer {route.method} {path}")
        by_method[route.method] = route
