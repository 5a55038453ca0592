"""From path and method to route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from ..errors import MethodNotAllowed, NotFound
from .messages import Route

C = TypeVar("C")


class Router(Generic[C]):
    """Finds routes; a path without open segments goes before one with them.

    With a `base`, what lies at or under it also answers at the root: a function deployed on its own is
    reached either way.
    """

    def __init__(self, routes: Iterable[Route[C]], base: str | None = None) -> None:
        self._plain: dict[str, dict[str, Route[C]]] = {}
        self._open: dict[tuple[str, ...], dict[str, Route[C]]] = {}
        for route in routes:
            self._add(route.path, route)
            if base is not None and (route.path + "/").startswith(base + "/"):
                self._add(route.path.removeprefix(base) or "/", route)

    def find(self, method: str, path: str) -> tuple[Route[C], Mapping[str, str]]:
        """The route, and what stands in its open segments; HEAD finds GET's.

        Raises NotFound and MethodNotAllowed.
        """
        by_method, params = self._at(path)
        route = by_method.get("GET" if method == "HEAD" else method)
        if route is None:
            allow = self.methods(path)
            raise MethodNotAllowed(f"this path answers {', '.join(allow)}", allow)
        return route, params

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods that a path answers. Raises NotFound."""
        own, _ = self._at(path)
        return (*own, *(("HEAD",) if "GET" in own else ()), "OPTIONS")

    def _at(self, path: str) -> tuple[Mapping[str, Route[C]], Mapping[str, str]]:
        plain = self._plain.get(path)
        if plain is not None:
            return plain, {}
        segments = path.split("/")
        for pattern, by_method in self._open.items():
            params = _fill(pattern, segments)
            if params is not None:
                return by_method, params
        raise NotFound("there is nothing at this path; /docs lists what there is")

    def _add(self, path: str, route: Route[C]) -> None:
        if "{" in path:
            by_method = self._open.setdefault(tuple(path.split("/")), {})
        else:
            by_method = self._plain.setdefault(path, {})
        if route.method in by_method:
            raise ValueError(f"two routes answer {route.method} {path}")
        by_method[route.method] = route


def _fill(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """What stands in the open segments, which are never empty; None if the path is another one."""
    if len(pattern) != len(segments):
        return None
    params = {}
    for expected, found in zip(pattern, segments, strict=True):
        if expected[:1] == "{" and found:
            params[expected[1:-1]] = found
        elif expected != found:
            return None
    return params
