"""Cells of the access matrix that a change of the law changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.guidance.access_matrix.matrix import build_matrix
from vatspolicy.policies.bundle import Bundle

Data = Mapping[str, Any]
_ABSENT = {"state": "none", "max_foreign_percent": None, "contested": False}
"""The cell of a service or a regime that the matrix does not have."""


def compare_matrices(base: Bundle, head: Bundle, day: str) -> dict[str, Any]:
    """Return the cells of services × regimes that differ on a day, and the regimes that are open in other places."""
    before, after = (build_matrix(bundle, day) for bundle in (base, head))
    old, new = _cells(before), _cells(after)
    columns = [{column["id"]: column for column in matrix["columns"]} for matrix in (before, after)]
    rows = {row["class"]: row["title"] for matrix in (before, after) for row in matrix["rows"]}
    found: dict[Any, list[dict[str, str]]] = {}
    for key in dict.fromkeys((*new, *old)):
        pair = tuple(_said(side.get(key, (_ABSENT, {}))[0]) for side in (old, new))
        if pair[0] != pair[1]:
            cls, _, column = key
            found.setdefault((cls, column, *pair), []).append(new.get(key, old.get(key))[1])  # type: ignore[index]
    titles = {id: column["title"] for side in columns for id, column in side.items()}
    return {
        "as_of": day,
        "cells": [
            {
                "class": cls,
                "title": rows[cls],
                "column": column,
                "regime": titles[column],
                "offers": offers,
                "before": dict(zip(_ABSENT, one, strict=True)),
                "after": dict(zip(_ABSENT, two, strict=True)),
            }
            for (cls, column, one, two), offers in found.items()
        ],
        "places": [
            {"column": id, "regime": titles[id], "before": both[0], "after": both[1]}
            for id in titles
            if (both := [side[id]["places"] if id in side else None for side in columns])[0] != both[1]
        ],
    }


def _cells(matrix: Data) -> dict[tuple[str, str, str], tuple[Data, dict[str, str]]]:
    """Return the cells by class, offer and regime, with the title of the offer."""
    return {
        (row["class"], offer["id"], cell["column"]): (cell, offer["title"])
        for row in matrix["rows"]
        for offer in row["offers"]
        for cell in row["cells"]
    }


def _said(cell: Data) -> tuple[Any, ...]:
    return tuple(cell[key] for key in _ABSENT)
