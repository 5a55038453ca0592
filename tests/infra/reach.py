"""What of the outside the code of a function reaches: its text is followed, name by name, to the ports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
# The far side of the ports, what only the local server runs, and probes, which need no secret and no role.
_BEYOND = (
    "archive",
    "bus",
    "chain",
    "prices",
    "protocols",
    "store",
    "telemetry",
    "wiring",
    "api.local_bus",
    "api.health",
)
_Definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Place(NamedTuple):
    """A name at the top of a file of ours."""

    path: Path
    name: str


class Reach(NamedTuple):
    """What is said by what a function runs: `….name`, `context.name`, and topics where it publishes."""

    names: frozenset[str]
    edges: frozenset[str]
    topics: frozenset[str]


@cache
def reach_of(function: str) -> Reach:
    """What the code of a function says, from its entry point on."""
    found: set[Place] = set()
    waiting = [Place(ROOT / "functions" / function / "main.py", name) for name in ("app", function)]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += _named_by(place)
    nodes = [node for place in found for node in _nodes(place)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    return Reach(
        frozenset(attribute.attr for attribute in attributes),
        frozenset(attribute.attr for attribute in attributes if _is_context(attribute.value)),
        frozenset(topic for node in nodes for topic in _topics(node)),
    )


def port_methods(path: Path) -> set[str]:
    """The methods of every protocol in a file."""
    return {
        method.name
        for port in _tree(path).body
        if isinstance(port, ast.ClassDef)
        and any(isinstance(b, ast.Name) and b.id == "Protocol" for b in port.bases)
        for method in port.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _named_by(place: Place) -> Iterator[Place]:
    """What a definition names of its own file and of those that it imports from."""
    imported, defined = _imports(place.path), _definitions(place.path)
    for node in _nodes(place):
        if isinstance(node, ast.Name):
            if node.id in defined:
                yield Place(place.path, node.id)
            elif node.id in imported and imported[node.id].name:
                yield imported[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = imported.get(node.value.id)
            if module is not None and not module.name:
                yield Place(module.path, node.attr)


def _nodes(place: Place) -> list[ast.AST]:
    definition = _definitions(place.path).get(place.name)
    return [] if definition is None else list(ast.walk(definition))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _definitions(path: Path) -> Mapping[str, ast.AST]:
    found: dict[str, ast.AST] = {}
    for statement in _tree(path).body:
        if isinstance(statement, _Definitions):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found |= {target.id: statement for target in targets if isinstance(target, ast.Name)}
    return found


@cache
def _imports(path: Path) -> Mapping[str, Place]:
    """Where each imported name is; a module has no name at its place."""
    package, found = path.relative_to(ROOT).parts[:-1], {}
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = package[: len(package) - node.level + 1] if node.level else ()
        module = ".".join((*base, *filter(None, [node.module])))
        for alias in node.names:
            as_module, in_module = _file_of(f"{module}.{alias.name}"), _file_of(module)
            if as_module is not None:
                found[alias.asname or alias.name] = Place(as_module, "")
            elif in_module is not None:
                found[alias.asname or alias.name] = Place(in_module, alias.name)
    return found


def _file_of(module: str) -> Path | None:
    """The file of a module of ours on this side of the ports."""
    inside = module.removeprefix("shared.")
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    is_beyond = any(inside == one or inside.startswith(f"{one}.") for one in _BEYOND)
    return path if inside != module and not is_beyond and path.exists() else None


def _is_context(owner: ast.expr) -> bool:
    """Whether this is the Context, which services call their sources."""
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return name in ("context", "sources")


def _topics(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr="publish"), args=[ast.Constant(value=str(topic)), *_]):
            yield topic
