"""The OpenAPI document, made from the tables and the answer types; nothing in it is written by hand twice."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.errors import MEANINGS, Failure
from spanglass.server.api.parameters import Parameter
from spanglass.server.api.table import ENDPOINTS
from spanglass.version import __version__

_PART = re.compile(r"\{(\w+)(?::path)?\}")
"""A part of a path that varies; `:path` is for the router, where it may hold slashes."""
_ATTRIBUTE = re.compile(r"^    (\w+): (.+)$", re.MULTILINE)
Json = dict[str, Any]
"""A JSON object; msgspec's schemas are plain dictionaries."""


def document() -> Json:
    """Return the document, OpenAPI 3.1."""
    answers: list[type[msgspec.Struct]] = [*dict.fromkeys(endpoint.answer for endpoint in ENDPOINTS), Failure]
    schemas, components = msgspec.json.schema_components(
        answers, schema_hook=_anything, ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(answers, schemas, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "spanglass",
            "version": __version__,
            "description": "What spanglass knows of an LLM application. Times are Unix seconds, durations seconds, "
            "money exact decimal text in USD; null is unknown, which is not 0.",
        },
        "paths": {endpoint.path.replace(":path", ""): {"get": _operation(endpoint, by_type)} for endpoint in ENDPOINTS},
        "components": {
            "schemas": {name: _described(_complete(schema)) for name, schema in components.items()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def _anything(kind: type) -> Json:
    """Return the schema of an attribute's value, which may be any JSON."""
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError(f"{kind} has no JSON schema; use plain types in answers.")


def _operation(endpoint: Endpoint, by_type: dict[type[msgspec.Struct], Json]) -> Json:
    responses = {200: _response("The answer.", by_type[endpoint.answer])}
    for status in (*endpoint.errors, 401, 421):
        responses[status] = _response(MEANINGS[status], by_type[Failure])
    return {
        "operationId": endpoint.answer.__name__.lower(),
        "summary": endpoint.summary,
        "parameters": [
            *(_in_path(name) for name in _PART.findall(endpoint.path)),
            *(_in_query(parameter) for parameter in endpoint.parameters),
        ],
        "responses": {str(status): responses[status] for status in sorted(responses)},
    }


def _response(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(parameter: Parameter) -> Json:
    schema = dict(parameter.schema)
    if parameter.default is not None:
        number = schema["type"] == "integer"
        schema["default"] = int(parameter.default) if number else parameter.default
    return {"name": parameter.name, "in": "query", "description": parameter.help, "schema": schema}


def _complete(schema: Json) -> Json:
    """Say that every field is there: answers are written whole, defaults included."""
    if "properties" not in schema:
        return schema
    properties = {
        name: {key: part for key, part in field.items() if key != "default"}
        for name, field in schema["properties"].items()
    }
    return {**schema, "properties": properties, "required": list(properties)}


def _described(schema: Json) -> Json:
    """Move what a docstring says of each attribute to that property; docstrings are indented before Python 3.13."""
    head, _, listed = inspect.cleandoc(schema.get("description", "")).partition("\n\nAttributes:\n")
    meanings = dict(_ATTRIBUTE.findall(listed))
    properties = {
        name: {**property_, "description": meanings[name]} if name in meanings else property_
        for name, property_ in schema.get("properties", {}).items()
    }
    return {**schema, "description": " ".join(head.split()), "properties": properties}
