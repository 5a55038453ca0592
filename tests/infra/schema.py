"""Reads the argument schemas of Terraform's Google provider from its published CDK package.

The package is compiled from the provider's own schema, so names, types and what is required are the
provider's; its rules about values are not in it. The newest package is of 6.50, and the configuration
asks for 7.32 or later: by the provider's source, the two have the same of all that the configuration uses.
What only 7.x has, the stand-in takes for a mistake. `python -m tests.infra.schema PACKAGE.whl SCHEMA.json`.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Schema = dict[str, Any]

_CLASS = re.compile(r"^class (\w+) extends cdktf\.(\w+) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_TYPE_NAME = re.compile(r"^(\w+)\.tfResourceType = \"(\w+)\";", re.MULTILINE)
_GETTER = re.compile(r"^    get (\w+)\(\) \{\n\s+return (.*);\n", re.MULTILINE)
_READ = re.compile(r"this\.get(\w+)Attribute\('(\w+)'\)")
_NESTED = re.compile(
    r"// \w+ - computed: (true|false), optional: (true|false), required: (true|false)\s*\n"
    r"\s*this\.\w+ = new (cdktf\.)?(\w+)\(this, \"(\w+)\"(?:, (true|false))?\)"
)
_PROVIDER_ARGUMENT = re.compile(
    r"^            (\w+): \{\s*value: .*\s*isBlock: (true|false),\s*type: \"\w+\",\s*"
    r"storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
_KINDS = {"TerraformResource": "resources", "TerraformDataSource": "data_sources"}
# By what the package calls them in getters, in computed maps and in the provider's own arguments.
_TYPES: Mapping[str, Any] = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "BooleanMap": ["map", "bool"],
    "NumberMap": ["map", "number"],
    "AnyMap": ["map", "string"],
    "StringMapList": ["list", ["map", "string"]],
    "StringListMap": ["map", ["list", "string"]],
    "StringListList": ["list", ["list", "string"]],
    "stringList": ["list", "string"],
    "stringMap": ["map", "string"],
}


class _Class(NamedTuple):
    base: str
    body: str


def read_package(wheel: Path) -> Schema:
    """The schemas of all resources and data sources, and of the provider's own block."""
    schema: Schema = {"resources": {}, "data_sources": {}}
    for folder, script in _scripts(wheel):
        if folder == "provider":
            schema["provider"] = _provider_block(script)
            continue
        names = dict(_TYPE_NAME.findall(script))
        classes = {name: _Class(base, body) for name, base, body in _CLASS.findall(script)}
        for name, found in classes.items():
            if found.base in _KINDS:
                schema[_KINDS[found.base]][names[name]] = _block(name, classes)
    return schema


def _scripts(wheel: Path) -> Iterator[tuple[str, str]]:
    """Folder and text of each `lib/FOLDER/index.js`."""
    with zipfile.ZipFile(wheel) as outer:
        (inner,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as package:
            for member in package:
                parts = member.name.split("/")
                if parts[1] == "lib" and len(parts) == 4 and parts[3] == "index.js":
                    script = package.extractfile(member)
                    assert script is not None
                    yield parts[2], script.read().decode()


def _block(name: str, classes: Mapping[str, _Class]) -> Schema:
    body = classes[name].body
    attributes: Schema = {}
    blocks: Schema = {}
    for computed, optional, required, plain, kind, field, is_set in _NESTED.findall(body):
        if plain:
            attributes[field] = _attribute(
                _TYPES[kind], computed=computed == "true", optional=optional == "true"
            )
            continue
        many = classes[kind].base != "ComplexObject"
        element = re.sub(r"(List|Map)$", "", kind) + "OutputReference" if many else kind
        inner = _block(element, classes)
        if computed == "true" and optional == "false":
            attributes[field] = _attribute([_collection(is_set), _object_type(inner)], computed=True)
        else:
            blocks[field] = _nested(field, inner, many=many, required=required == "true", is_set=is_set)
    attributes.update((field, a) for field, a in _plain_attributes(body) if field not in blocks)
    return {"attributes": attributes, "blocks": blocks}


def _nested(field: str, inner: Schema, *, many: bool, required: bool, is_set: str) -> Schema:
    nesting = "single" if field == "timeouts" else _collection(is_set)
    most = 0 if many or nesting == "single" else 1
    return {"nesting": nesting, "min": int(required), "max": most, "block": inner}


def _plain_attributes(body: str) -> Iterator[tuple[str, Schema]]:
    """Those that are read by a getter: one without a setter is computed, one without a reset is required."""
    for name, code in _GETTER.findall(body):
        read = _READ.search(code)
        if read is None or read[1] not in _TYPES:
            continue
        kind = _TYPES[read[1]]
        if "Fn.tolist" in code:
            kind = ["set", kind[1]]
        settable = f"    set {name}(" in body
        required = settable and f"    reset{name[0].upper()}{name[1:]}(" not in body
        # The package does not tell which optional ones the provider fills in; of these two everybody knows.
        computed = not settable or (not required and read[2] in ("id", "project"))
        yield (
            read[2],
            _attribute(kind, computed=computed, optional=settable and not required, required=required),
        )


def _attribute(
    kind: Any, *, computed: bool = False, optional: bool = False, required: bool = False
) -> Schema:
    return {"type": kind, "computed": computed, "optional": optional, "required": required}


def _collection(is_set: str) -> str:
    return "set" if is_set == "true" else "list"


def _object_type(block: Schema) -> list[Any]:
    fields = {name: attribute["type"] for name, attribute in block["attributes"].items()}
    fields |= {name: ["list", _object_type(nested["block"])] for name, nested in block["blocks"].items()}
    return ["object", fields]


def _provider_block(script: str) -> Schema:
    attributes: Schema = {}
    blocks: Schema = {}
    for name, is_block, kind in _PROVIDER_ARGUMENT.findall(script[script.index("synthesizeHclAttributes") :]):
        if is_block == "true":
            blocks[name] = _nested(
                name, {"attributes": {}, "blocks": {}}, many=True, required=False, is_set=""
            )
        else:
            attributes[name] = _attribute(_TYPES[kind], optional=True)
    return {"attributes": attributes, "blocks": blocks}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(
        json.dumps(read_package(Path(sys.argv[1])), separators=(",", ":"), sort_keys=True)
    )
