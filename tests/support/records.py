"""Records of decisions as data, which tests read and edit, and the reports on such data."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from vatspolicy.core.engine import result
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.engine.result import Record, encode, fields_in_json
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile
from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language
from vatspolicy.reports import decision as reports

Data = Mapping[str, Any]
KINDS: dict[str, type[result.FindingRecord]] = {
    "deny": result.DenialRecord,
    "need": result.NeedRecord,
    "duty": result.DutyRecord,
    "advise": result.AdviceRecord,
}


def decision_to_data(bundle: Bundle, profile: Profile, decision: Decision, **more: Any) -> dict[str, Any]:
    """Return the record of a decision as data."""
    return dict(encode(make_record(bundle, profile, decision, **more)))


def to_record(data: Data | Record) -> Record:
    """Return the record that data describes."""
    return data if isinstance(data, Record) else decode(Record, data)


def to_remark(data: Data | Remark) -> Remark:
    """Return the remark that data describes."""
    return data if isinstance(data, Remark) else decode(Remark, data)


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """Return the types of the fields of a record."""
    return get_type_hints(kind)


def decode(kind: Any, data: Any) -> Any:
    """Return the value of a type that data describes: the inverse of `encode`."""
    if get_origin(kind) in (Union, types.UnionType):
        chosen = [one for one in get_args(kind) if one is not type(None)]
        return None if data is None else decode(chosen[0], data)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(decode(inner, one) for one in data)
    if not is_dataclass(kind):
        return data
    if issubclass(kind, result.FindingRecord):  # type: ignore[arg-type]
        kind = KINDS.get(data["effect"], result.FindingRecord)
    hints = hints_of(kind)
    values: dict[str, Any] = {}
    known: set[str] = set()
    for name, key, _, flat in fields_in_json(kind):
        if flat:
            inner = next(one for one in get_args(hints[name]) if is_dataclass(one))
            known |= {one.name for one in fields(inner)}
            if "check" in data:
                values[name] = decode(inner, {one.name: data[one.name] for one in fields(inner)})
        elif key in data:
            values[name] = decode(hints[name], data[key])
        known.add(key)
    assert data.keys() <= known, data.keys() - known
    return kind(**values)


def render(
    format: str,
    records: Iterable[Data | Record],
    lang: Language,
    color: bool = False,
    room: int = 100,
    problems: Sequence[Problem] = (),
    remarks: Sequence[Data | Remark] | None = None,
    *more: Any,
    **named: Any,
) -> str:
    """Render decisions (as data) in a format (see `vatspolicy.reports.decision.render`)."""
    told = None if remarks is None else [to_remark(one) for one in remarks]
    made = [to_record(one) for one in records]
    return reports.render(format, made, lang, color, room, problems, told, *more, **named)
