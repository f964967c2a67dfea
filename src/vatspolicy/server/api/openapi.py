"""The API as an OpenAPI 3.1 document, whose schemas are the published JSON Schemas of profiles and decisions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from vatspolicy.documents.schemas import SchemaSet

_FOREIGN = re.compile(r"(\w+)\.schema\.json(?:#(.*))?")
_EXAMPLE = {
    "input": {
        "schema": 1,
        "product": {"id": "shop"},
        "services": [{"id": "web", "offers": ["own-shop"], "audience": "public"}],
    }
}


def openapi(version: str) -> dict[str, Any]:
    """The document; `version` is that of the bundle."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "vatspolicy",
            "version": version,
            "description": "Whether a digital product may launch in mainland China, as OPA's data API.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"token": []}],
        "paths": {
            "/v1/data/vatspolicy/decision": {"post": _decide()},
            "/v1/data/vatspolicy/bundle": {"get": _get("bundle", "The bundle in use.", {"result": _ref("Bundle")})},
            "/v1/policies": {"get": _get("policies", "The policies of the bundle.", {"result": _list(_ref("Policy"))})},
            "/v1/policies/{id}": {
                "get": {
                    **_get("policy", "One policy.", {"result": _ref("Policy")}, ("401", "404")),
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                }
            },
            "/health": {
                "get": {
                    **_get("health", "Alive; with `bundles`, the state of the bundle.", {}, ()),
                    "security": [],
                    "parameters": [
                        {"name": "bundles", "in": "query", "allowEmptyValue": True, "schema": {"type": "string"}}
                    ],
                }
            },
            "/metrics": {
                "get": {
                    "operationId": "metrics",
                    "summary": "Counters for Prometheus.",
                    "responses": {
                        "200": {"description": "Text.", "content": {"text/plain": {"schema": {"type": "string"}}}},
                        **_errors("401"),
                    },
                }
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**_own(), **_published("profile", "decision")},
        },
    }


def _decide() -> dict[str, Any]:
    result = {
        "type": "object",
        "required": ["result", "decision_id"],
        "properties": {
            "result": _ref("decision/$defs/decision"),
            "decision_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        },
        "additionalProperties": False,
    }
    return {
        "operationId": "decide",
        "summary": "Decide one profile.",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["input"],
                        "properties": {
                            "input": _ref("profile"),
                            "as_of": {
                                "description": "Day of the law; else the launch day of the input, else today.",
                                "type": ["string", "null"],
                                "format": "date",
                            },
                        },
                        "additionalProperties": False,
                    },
                    "examples": {"shop": {"value": _EXAMPLE}},
                }
            },
        },
        "responses": {
            "200": {"description": "The decision.", "content": {"application/json": {"schema": result}}},
            **_errors("400", "401", "408", "413", "415", "429", "503"),
        },
    }


def _get(id: str, summary: str, properties: dict[str, Any], errors: tuple[str, ...] = ("401",)) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "operationId": id,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": schema}}},
            **_errors(*errors),
        },
    }


_MEANINGS = {
    "400": "The input or the day cannot be used.",
    "401": "The bearer token is missing or wrong.",
    "404": "There is no such thing.",
    "408": "The body did not come in time.",
    "413": "The body is too large.",
    "415": "The body is no JSON.",
    "429": "Too many decisions are under way.",
    "503": "There was no decision in the time that a request has.",
}


def _errors(*codes: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref("Error")}}
    wait = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    return {
        code: {
            "description": _MEANINGS[code],
            "content": content,
            **({"headers": wait} if code in ("429", "503") else {}),
        }
        for code in codes
    }


def _own() -> dict[str, Any]:
    text = {"type": "string"}
    place = {"type": "object", "properties": {"file": text, "row": {"type": "integer"}, "col": {"type": "integer"}}}
    problem = {"type": "object", "properties": {"code": text, "message": text, "path": text, "location": place}}
    return {
        "Error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": text, "message": text, "errors": _list(problem)},
        },
        "Bundle": {
            "type": "object",
            "required": ["version", "digest", "covers_from"],
            "properties": {"version": text, "digest": text, "covers_from": text},
        },
        "Policy": {
            "type": "object",
            "required": ["id", "version"],
            "properties": {"id": text, "version": {}, "title": {"type": "object"}},
        },
    }


def _published(*names: str) -> dict[str, Any]:
    """The schemas of these names and those that they refer to, which refer to one another inside this document."""
    found: dict[str, Any] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        schema = SchemaSet.shipped().load(name)
        found[name] = {
            key: _moved(value, name) for key, value in schema.items() if key not in ("$schema", "$id", "x-invariants")
        }
        wanted += {match[1] for ref in _refs(schema) if (match := _FOREIGN.fullmatch(ref))}
    return dict(sorted(found.items()))


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from _refs(child)
    elif isinstance(node, list):
        for child in node:
            yield from _refs(child)


def _moved(node: Any, name: str) -> Any:
    if isinstance(node, list):
        return [_moved(child, name) for child in node]
    if not isinstance(node, dict):
        return node
    moved = {key: _moved(child, name) for key, child in node.items()}
    if isinstance(ref := node.get("$ref"), str):
        foreign = _FOREIGN.fullmatch(ref)
        owner, inner = (foreign[1], foreign[2] or "") if foreign else (name, ref.removeprefix("#"))
        moved["$ref"] = f"#/components/schemas/{owner}{inner}"
    return moved


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}
