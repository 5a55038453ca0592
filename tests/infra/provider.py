"""A stand-in for Terraform's Google provider: it has the schemas of the real one, and calls nobody.

What the real one would fill in is unknown in a plan, and after an apply a text that says whose it is:
`pubsub_topic.chainfolio-snapshot.id`. Runs in `.venv-terraform`: `provider.py SCHEMA.json`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-not-found,unused-ignore]  # in .venv-terraform only, as the next ones are
import tf.provider  # type: ignore[import-not-found,unused-ignore]
import tf.runner  # type: ignore[import-not-found,unused-ignore]
from tf.gen import tfplugin_pb2 as pb  # type: ignore[import-not-found,unused-ignore]
from tf.gen import tfplugin_pb2_grpc as rpc  # type: ignore[import-not-found,unused-ignore]

Schema = Mapping[str, Any]

_NESTINGS = {"single": 1, "list": 2, "set": 3}
_UNKNOWN = msgpack.ExtType(0, b"\x00")
_NAMES = ("name", "account_id", "secret_id", "repository_id", "policy_id", "service", "display_name")
_EMPTY: Mapping[str, Any] = {"number": 0, "bool": False, "map": {}, "list": [], "set": []}


def _block(schema: Schema) -> Any:
    attributes = [
        pb.Schema.Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            required=attribute["required"],
            optional=attribute["optional"],
            computed=attribute["computed"],
        )
        for name, attribute in schema["attributes"].items()
    ]
    blocks = [
        pb.Schema.NestedBlock(
            type_name=name,
            block=_block(nested["block"]),
            nesting=_NESTINGS[nested["nesting"]],
            min_items=nested["min"] if nested["nesting"] != "single" else 0,
            max_items=nested["max"],
        )
        for name, nested in schema["blocks"].items()
    ]
    return pb.Schema.Block(attributes=attributes, block_types=blocks)


def _schemas(kinds: Schema) -> dict[str, Any]:
    return {name: pb.Schema(block=_block(schema)) for name, schema in kinds.items()}


def _planned(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The value with what the provider fills in unknown."""
    filled = dict(value)
    for name, attribute in schema["attributes"].items():
        if attribute["computed"] and filled.get(name) is None:
            filled[name] = _UNKNOWN
    for name, nested, inner in _nested(value, schema):
        filled[name] = _each(inner, lambda one, nested=nested: _planned(one, nested))
    return filled


def _applied(value: dict[str, Any], schema: Schema, whose: str) -> dict[str, Any]:
    """The value with everything known."""
    filled = dict(value)
    for name, attribute in schema["attributes"].items():
        if isinstance(filled.get(name), msgpack.ExtType):
            kind = attribute["type"]
            kind = kind if isinstance(kind, str) else kind[0]
            filled[name] = _EMPTY.get(kind, f"{whose}.{name}")
    for name, nested, inner in _nested(value, schema):
        filled[name] = _each(inner, lambda one, nested=nested: _applied(one, nested, whose))
    return filled


def _nested(value: Schema, schema: Schema) -> Iterator[tuple[str, Schema, Any]]:
    for name, nested in schema["blocks"].items():
        if isinstance(value.get(name), list | dict):
            yield name, nested["block"], value[name]


def _each(inner: Any, act: Any) -> Any:
    return [act(one) for one in inner] if isinstance(inner, list) else act(inner)


def _read_only(value: Schema, schema: Schema) -> Iterator[str]:
    """The attributes that are set and can only be read: Terraform leaves it to the provider to complain."""
    for name, attribute in schema["attributes"].items():
        settable = attribute["optional"] or attribute["required"]
        if not settable and value.get(name) is not None:
            yield name


def _not_settable(name: str) -> Any:
    return pb.Diagnostic(
        severity=pb.Diagnostic.ERROR,
        summary="Value for unconfigurable attribute",
        detail=f'The attribute "{name}" can only be read.',
        attribute=pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=name)]),
    )


def _whose(kind: str, value: Schema) -> str:
    names = (value.get(name) for name in _NAMES)
    name = next((name for name in names if isinstance(name, str)), "one")
    return f"{kind.removeprefix('google_')}.{name}"


def _decode(value: Any) -> Any:
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, strict_map_key=False, ext_hook=msgpack.ExtType)
    return json.loads(value.json or b"null")


def _encode(value: Any) -> Any:
    return pb.DynamicValue(msgpack=msgpack.packb(value))


class Provider(rpc.ProviderServicer):  # type: ignore[misc,unused-ignore]  # its base has no types
    """Terraform's side of the plugin protocol, whose names these are."""

    def __init__(self, schema: Schema) -> None:
        self._resources: Schema = schema["resources"]
        self._data_sources: Schema = schema["data_sources"]
        self._provider: Schema = schema["provider"]

    def GetProviderSchema(self, _request: Any, _context: Any) -> Any:
        return pb.GetProviderSchema.Response(
            provider=pb.Schema(block=_block(self._provider)),
            resource_schemas=_schemas(self._resources),
            data_source_schemas=_schemas(self._data_sources),
        )

    def ValidateProviderConfig(self, _request: Any, _context: Any) -> Any:
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, _context: Any) -> Any:
        value, schema = _decode(request.config), self._resources[request.type_name]
        return pb.ValidateResourceConfig.Response(
            diagnostics=[_not_settable(n) for n in _read_only(value, schema)]
        )

    def ValidateDataResourceConfig(self, _request: Any, _context: Any) -> Any:
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, _request: Any, _context: Any) -> Any:
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, _context: Any) -> Any:
        return pb.UpgradeResourceState.Response(upgraded_state=_encode(json.loads(request.raw_state.json)))

    def ReadResource(self, request: Any, _context: Any) -> Any:
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, _context: Any) -> Any:
        value = _decode(request.proposed_new_state)
        if value is not None and _decode(request.prior_state) is None:
            value = _planned(value, self._resources[request.type_name])
        return pb.PlanResourceChange.Response(planned_state=_encode(value))

    def ApplyResourceChange(self, request: Any, _context: Any) -> Any:
        value, kind = _decode(request.planned_state), request.type_name
        if value is not None:
            value = _applied(value, self._resources[kind], _whose(kind, value))
        return pb.ApplyResourceChange.Response(new_state=_encode(value))

    def ReadDataSource(self, request: Any, _context: Any) -> Any:
        kind = request.type_name
        schema, value = self._data_sources[kind], _decode(request.config)
        known = _applied(_planned(value, schema), schema, _whose(kind, value))
        return pb.ReadDataSource.Response(state=_encode(known))

    def GetFunctions(self, _request: Any, _context: Any) -> Any:
        return pb.GetFunctions.Response()

    def StopProvider(self, _request: Any, _context: Any) -> Any:
        return pb.StopProvider.Response()


if __name__ == "__main__":
    provider = Provider(json.loads(Path(sys.argv[1]).read_text()))
    # Everything but the plugin's handshake is ours: the library's own servicer wants resources as classes.
    tf.provider.ProviderServicer = lambda _provider: provider
    tf.runner.run_provider(None)
