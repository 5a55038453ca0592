"""The docs page: the OpenAPI document as plain HTML and CSS, without a script and from no other host."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import Any

from .docs_style import STYLE
from .messages import Json

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
).encode()


def render_docs(document: Json) -> str:
    """The page of an OpenAPI document. Every text of the document is escaped."""
    about = document["info"]
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    body = [
        f"<header><h1>{escape(about['title'])}</h1>{_prose(about['description'])}",
        '<p><a href="openapi.json">openapi.json</a></p></header>',
        "<nav>",
        *_contents(operations),
        "<h2>Schemas</h2><ul>",
        *(f'<li><a href="#{escape(name)}">{escape(name)}</a></li>' for name in _schemas(document)),
        "</ul></nav><main>",
        *(_operation(*operation) for operation in operations),
        *(_schema(name, schema) for name, schema in _schemas(document).items()),
        "</main>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(about['title'])}</title><style>{STYLE}</style></head>"
        f"<body>{''.join(body)}</body></html>"
    )


def _contents(operations: Iterable[tuple[str, str, Json]]) -> Iterator[str]:
    """The endpoints, those of one tag under a head of their own."""
    for tag, group in groupby(operations, lambda operation: operation[2].get("tags", ["Endpoints"])[0]):
        links = "".join(f'<li><a href="#{_anchor(m, p)}">{_label(m, p)}</a></li>' for m, p, _ in group)
        yield f"<h2>{escape(tag)}</h2><ul>{links}</ul>"


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [
        f'<section id="{_anchor(method, path)}"><h2>{_label(method, path)}</h2>',
        f"<p><strong>{escape(operation['summary'])}</strong></p>",
        _prose(operation.get("description", "")),
    ]
    if parameters := operation.get("parameters"):
        parts.append("<h3>Parameters</h3>")
        parts.append(_table(("name", "type", "meaning"), (_parameter(p) for p in parameters)))
    if body := operation.get("requestBody"):
        parts.append("<h3>Body</h3>")
        rows = ((escape(kind), _type(media["schema"])) for kind, media in _media(body))
        parts.append(_table(("kind", "type"), rows))
        parts.extend(_examples(body))
    parts.append("<h3>Answers</h3>")
    answers = (_answer(status, answer) for status, answer in operation["responses"].items())
    parts.append(_table(("status", "body", "when"), answers))
    for answer in operation["responses"].values():
        parts.extend(_examples(answer))
    return "".join(parts) + "</section>"


def _media(content: Json) -> Iterable[tuple[str, Json]]:
    media: dict[str, Json] = content.get("content", {})
    return media.items()


def _examples(answer: Json) -> Iterator[str]:
    for _, media in _media(answer):
        if "example" in media:
            example = media["example"]
            text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
            yield f"<h3>Example</h3><pre>{escape(text)}</pre>"


def _parameter(parameter: Json) -> tuple[str, str, str]:
    need = " <em>required</em>" if parameter.get("required") else ""
    example = parameter.get("example")
    written = ",".join(map(_text, example)) if isinstance(example, list) else _text(example)
    shown = f"<p>e.g. <code>{escape(written)}</code></p>" if example is not None else ""
    return (
        f"<code>{escape(parameter['name'])}</code>{need}",
        _type(parameter["schema"]),
        _prose(parameter.get("description", "")) + shown,
    )


def _answer(status: str, answer: Json) -> tuple[str, str, str]:
    media = [f"{escape(kind)} {_type(body['schema'])}" for kind, body in _media(answer)]
    return f"<code>{escape(status)}</code>", "<br>".join(media), _prose(answer["description"])


def _schema(name: str, schema: Json) -> str:
    required = set(schema.get("required", ()))
    rows = (
        (
            f"<code>{escape(field)}</code>{'' if field in required else ' <em>optional</em>'}",
            _type(about),
            _prose(about.get("description", "")),
        )
        for field, about in schema.get("properties", {}).items()
    )
    table = _table(("field", "type", "meaning"), rows)
    about = _prose(schema.get("description", ""))
    return f'<section id="{escape(name)}"><h2>{escape(name)}</h2>{about}{table}</section>'


def _type(schema: Json) -> str:
    """A schema in a few words, with links to the schemas that it refers to."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(choice) for choice in choices)
    if "enum" in schema:
        return " | ".join(f"<code>{escape(_text(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = escape(str(schema.get("type", "any")))
    return f"{kind} ({escape(schema['format'])})" if "format" in schema else kind


def _schemas(document: Json) -> dict[str, Json]:
    schemas: dict[str, Json] = document["components"]["schemas"]
    return schemas


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _prose(text: str) -> str:
    """Paragraphs, with `code` between backquotes; everything else is plain text."""
    paragraphs = (paragraph.split("`") for paragraph in text.split("\n\n") if paragraph.strip())
    return "".join(
        "<p>"
        + "".join(f"<code>{escape(p)}</code>" if n % 2 else escape(p) for n, p in enumerate(parts))
        + "</p>"
        for parts in paragraphs
    )


def _label(method: str, path: str) -> str:
    return f'<span class="method">{escape(method.upper())}</span> <code>{escape(path)}</code>'


def _anchor(method: str, path: str) -> str:
    return escape(f"{method}-{path.strip('/').replace('/', '-')}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
