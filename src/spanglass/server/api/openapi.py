"""The OpenAPI document, made from the tables and the answer types; nothing in it is written by hand twice."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from spanglass.server.api.actions import ACTIONS, DOWNLOADS, JOB, Action, Download
from spanglass.server.api.endpoint import Endpoint
from spanglass.server.api.errors import MEANINGS, Failure
from spanglass.server.api.parameters import Parameter
from spanglass.server.api.stream import TAIL, Stream
from spanglass.server.api.table import ENDPOINTS
from spanglass.server.keep.jobs import Job
from spanglass.version import __version__

_PART = re.compile(r"\{(\w+)(?::path)?\}")
"""A part of a path that varies; `:path` is for the router, where it may hold slashes."""
_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)$", re.MULTILINE)
"""A line of a docstring's attributes, with those that go on with it."""
Json = dict[str, Any]
"""A JSON object; msgspec's schemas are plain dictionaries."""


def document() -> Json:
    """Return the document, OpenAPI 3.1."""
    bodies = [action.body for action in ACTIONS]
    answers: list[type[msgspec.Struct]] = [
        *dict.fromkeys(endpoint.answer for endpoint in ENDPOINTS),
        Job,
        *bodies,
        *TAIL.events.values(),
        Failure,
    ]
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
        "paths": {
            **{endpoint.path.replace(":path", ""): {"get": _operation(endpoint, by_type)} for endpoint in ENDPOINTS},
            **{action.path: {"post": _begun(action, by_type)} for action in ACTIONS},
            JOB: {"get": _job(by_type)},
            **{download.path: {"get": _download(download, by_type)} for download in DOWNLOADS},
            TAIL.path: {"get": _stream(TAIL, by_type)},
        },
        "components": {
            "schemas": {
                name: _described(schema if name in {body.__name__ for body in bodies} else _complete(schema))
                for name, schema in components.items()
            },
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


def _begun(action: Action, by_type: dict[type[msgspec.Struct], Json]) -> Json:
    responses = {"202": _response("The job, begun.", by_type[Job])}
    for status in (400, 401, 403, 413, 415, 421, 503):
        responses[str(status)] = _response(MEANINGS[status], by_type[Failure])
    return {
        "operationId": action.body.__name__.lower(),
        "summary": action.summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": by_type[action.body]}}},
        "responses": responses,
    }


def _job(by_type: dict[type[msgspec.Struct], Json]) -> Json:
    responses = {"200": _response("The job as it stands.", by_type[Job])}
    for status in (401, 404, 421):
        responses[str(status)] = _response(MEANINGS[status], by_type[Failure])
    return {
        "operationId": "job",
        "summary": "A job as it stands.",
        "parameters": [_in_path("id")],
        "responses": responses,
    }


def _download(download: Download, by_type: dict[type[msgspec.Struct], Json]) -> Json:
    content = {download.media_type: {"schema": {"type": "string", "format": "binary"}}}
    responses: Json = {"200": {"description": "The file.", "content": content}}
    for status in (*download.errors, 401, 421):
        responses[str(status)] = _response(MEANINGS[status], by_type[Failure])
    return {
        "operationId": download.path.split("/")[3],
        "summary": download.summary,
        "parameters": [
            *(_in_path(name) for name in _PART.findall(download.path)),
            *(_in_query(parameter) for parameter in download.parameters),
        ],
        "responses": {status: responses[status] for status in sorted(responses)},
    }


def _stream(stream: Stream, by_type: dict[type[msgspec.Struct], Json]) -> Json:
    kinds = {"anyOf": [by_type[event] for event in stream.events.values()]}
    described = "Events, until the listener leaves. Their kinds: " + ", ".join(
        f"`{name}`, whose data is {event.__name__}" for name, event in stream.events.items()
    )
    responses: Json = {
        "200": {"description": f"{described}.", "content": {"text/event-stream": {"schema": kinds}}},
        **{str(status): _response(MEANINGS[status], by_type[Failure]) for status in (400, 401, 421, 503)},
    }
    last = {"name": "Last-Event-ID", "in": "header", "description": stream.resume, "schema": {"type": "string"}}
    return {
        "operationId": stream.path.rpartition("/")[2],
        "summary": stream.summary,
        "parameters": [*(_in_query(parameter) for parameter in stream.parameters), last],
        "responses": responses,
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
    meanings = {name: " ".join(said.split()) for name, said in _ATTRIBUTE.findall(listed)}
    properties = {
        name: {**property_, "description": meanings[name]} if name in meanings else property_
        for name, property_ in schema.get("properties", {}).items()
    }
    return {**schema, "description": " ".join(head.split()), "properties": properties}
