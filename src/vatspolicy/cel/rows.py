"""Rows of a sieve, made of the conjuncts of an expression as they are stored (`Conjunct.dump`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.cel.answers import resolve
from vatspolicy.cel.conjunct import WHOLE
from vatspolicy.cel.sieve import Function, Row, Way

Functions = Callable[[str], tuple[Function, Function]]
"""By the key of a question that is asked whole (`conjunct.questions`): what answers it, and what does where that lacks
a fact."""


def make_row(parts: Iterable[Any], key: str, params: Mapping[str, Any], functions: Functions) -> Row:
    """The row of stored conjuncts, whose questions have keys that begin with `key`, under parameter values."""
    return tuple(tuple(_ways(part, f"{key}.{number}", params, functions)) for number, part in enumerate(parts))


def _ways(part: Iterable[Any], key: str, params: Mapping[str, Any], functions: Functions) -> Iterator[Way]:
    turns = (f"{key}.{turn}" for turn in itertools.count())
    for way, path, level, test, rest in part:
        if test:
            yield Way(way, path, level, resolve(test, params))
        elif way == WHOLE:
            ((want, words),) = rest
            function, exact = functions(next(turns))
            yield Way(way, path, level, function=function, want=want, exact=exact, words=words)
        else:
            rows = (make_row(inner, own, params, functions) for (_, inner), own in zip(rest, turns, strict=False))
            yield Way(way, path, level, rows=tuple(rows), variable=rest[0][0])
