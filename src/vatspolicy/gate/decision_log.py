"""Decision log in OPA's format: one JSON object per line, with masked fields removed.

An append is one write of one line under a lock, and on disk before it returns. A process that is killed at any byte
leaves at most a torn last line, which the next append moves aside (`FILE.torn`): no complete record is ever lost.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from vatspolicy import __version__
from vatspolicy.core.documents.plain import Facts, Fields, Tree
from vatspolicy.core.engine.result import Json, encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule
from vatspolicy.file_lock import locked
from vatspolicy.i18n import _
from vatspolicy.output import is_special, open_special

if TYPE_CHECKING:
    from vatspolicy.gate.run_record import RunRecord

Event: TypeAlias = dict[str, Json]
"""A line of the log, which masks can change."""
TYPE = "openpolicyagent.org/decision_logs"
PATH = "vatspolicy/decision"
_RUN = str(uuid.uuid4())
"""Id of this process, as OPA labels its instances."""
_SAME = {("product", "id"): "product", ("product", "title"): "title", ("product", "launch"): "launch"}
"""Facts that a record repeats under their own name."""


@dataclass(frozen=True)
class Mask:
    """Field to erase or replace in every record."""

    pointer: str
    """JSON Pointer (RFC 6901) that begins with /input or /result."""
    value: str | None = None
    """Text in its place; None to erase it."""

    @property
    def steps(self) -> tuple[str, ...]:
        """Parts of the pointer."""
        return tuple(step.replace("~1", "/").replace("~0", "~") for step in self.pointer.split("/")[1:])


def parse_mask(text: str) -> Mask:
    """Parse `/input/company/foreign_percent` (erase) or `/input/product/title=…` (replace). Raises ValueError."""
    pointer, equals, value = text.partition("=")
    if not re.fullmatch(r"(/([^/~]|~[01])*)+", pointer):
        raise ValueError(_("Write a JSON Pointer, such as /input/company/foreign_percent."))
    mask = Mask(pointer, value if equals else None)
    if mask.steps[0] not in ("input", "result"):
        raise ValueError("A mask begins with /input or /result.")
    if mask.steps[0] == "input" and not _is_fact(mask.steps[1:]):
        raise ValueError(f"A profile has no fact at {pointer}.")
    return mask


def _is_fact(steps: tuple[str, ...]) -> bool:
    """Return True if the profile has such a fact; a misspelled mask must not pass unnoticed."""
    from vatspolicy.core.profile.vocabulary import describe

    return not steps or bool(describe(tuple(int(step) if step.isdecimal() else step for step in steps)))


def describe_run(run: RunRecord, masks: Sequence[Mask] = ()) -> Event:
    """Return the log line for the record of a run."""
    result = encode(run.decision)
    shown = hide_values(run.selected.bundle, result) if masks else result
    return make_event(run.selected.revision, run.profile.document.data, shown, run.moment, masks)


def make_event(revision: str, facts: Facts, result: Json, timestamp: str, masks: Iterable[Mask] = ()) -> Event:
    """Build a line. `facts` are those of the spec, `result` is the decision, `timestamp` follows RFC 3339.

    What a mask takes from the input it takes from the result too, where the decision repeats the fact.
    """
    event = {
        "labels": {"id": _RUN, "app": "vatspolicy", "version": __version__},
        "decision_id": str(uuid.uuid4()),
        "bundles": {"vatspolicy": {"revision": revision}},
        "path": PATH,
        "input": copy.deepcopy(facts),
        "result": copy.deepcopy(result),
        "timestamp": timestamp,
        "type": TYPE,
    }
    for mask in masks:
        _apply(event, mask)
    return event


def hide_values(bundle: Bundle, data: Json) -> Json:
    """Return the data of a decision with messages that show the titles of facts instead of their values.

    A message is text, in which no mask finds the value of a fact.
    """
    if isinstance(data, list):
        return [hide_values(bundle, member) for member in data]
    if not isinstance(data, dict):
        return data
    hidden = {key: hide_values(bundle, value) for key, value in data.items()}
    rule = _rule(bundle, hidden.get("rule"))
    if rule is None:
        return hidden
    if rule.template is not None and "message" in hidden:
        hidden["message"] = dict(rule.message)
    named = {condition.id: condition for condition in rule.requirements if condition.template is not None}
    for entry in hidden.get("conditions", ()):
        if entry["id"] in named:
            entry["message"] = dict(named[entry["id"]].message)
    return hidden


def _rule(bundle: Bundle, name: Tree) -> Rule | None:
    """Return the rule with a name; None for any other content of the key `rule`."""
    try:
        return bundle.rule(name) if isinstance(name, str) else None
    except KeyError:
        return None


def _apply(event: Event, mask: Mask) -> None:
    repeated = list(_repeated(event, mask.steps[1:])) if mask.steps[0] == "input" else []
    for steps in [mask.steps, *repeated]:
        if _change(event, steps, mask):
            pointer = "/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
            event.setdefault("erased" if mask.value is None else "masked", []).append(pointer)


def _change(event: Event, steps: tuple[str, ...], mask: Mask) -> bool:
    """Erase or replace the field at the steps; return False if it does not exist."""
    node: Json = event
    for step in steps[:-1]:
        node = node[key] if (key := _place(node, step)) is not None else None
    key = _place(node, steps[-1])
    if key is None:
        return False
    if mask.value is None:
        del node[key]
    else:
        node[key] = mask.value
    return True


def _place(node: Json, step: str) -> str | int | None:
    """Return the key or index of a step in a node, or None if it has none."""
    if isinstance(node, dict):
        return step if step in node else None
    if isinstance(node, list) and step.isascii() and step.isdecimal() and int(step) < len(node):
        return int(step)
    return None


def _repeated(event: Event, steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the places where the result repeats facts at or below a place of the input."""
    for path, name in _SAME.items():
        if path[: len(steps)] == steps and name in event.get("result", {}):
            yield ("result", name)
    yield from _facts(event.get("result"), ("result",), steps)


def _facts(node: Json, at: tuple[str, ...], steps: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(node, dict):
        path = node.get("path")
        if isinstance(path, str) and "value" in node:
            names = tuple(re.findall(r"[^.\[\]]+", path))
            if names[: len(steps)] == steps or steps[: len(names)] == names:
                yield (*at, "value")
        for key, value in node.items():
            yield from _facts(value, (*at, key), steps)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _facts(value, (*at, str(index)), steps)


# --- the file ---------------------------------------------------------------------------------------------------------


def append(path: Path, events: Iterable[Fields]) -> int:
    """Append records and wait until they are on disk. Return the bytes of an incomplete line that was moved aside.

    Raises OSError; then the records of this call may be missing, but none from before.
    """
    text = "".join(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n" for event in events)
    content = text.encode("utf-8", "backslashreplace")
    if is_special(path):  # a pipe or a device cannot be repaired
        handle = open_special(path)
        try:
            _write(handle, content)
        finally:
            os.close(handle)
        return 0
    new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with locked(handle):
            moved = _repair_torn_line(path, handle)
            end = os.fstat(handle).st_size
            try:
                _write(handle, content)
            except OSError:
                with contextlib.suppress(OSError):  # a full disk: try not to leave an incomplete line
                    os.ftruncate(handle, end)
                raise
            os.fsync(handle)
    finally:
        os.close(handle)
    if new:
        _sync_folder(path)
    return moved


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def _repair_torn_line(path: Path, handle: int) -> int:
    """Complete a last line without a line break, or move an incomplete line to FILE.torn."""
    size = os.fstat(handle).st_size
    tail = _last_line(handle, size)
    if not tail:
        return 0
    try:
        whole = isinstance(json.loads(tail), dict)
    except (ValueError, RecursionError):
        whole = False
    if whole:
        _write(handle, b"\n")
        return 0
    aside = Path(f"{path}.torn")
    torn = os.open(aside, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        before = os.fstat(torn).st_size
        try:
            _write(torn, tail + b"\n")
            os.fsync(torn)
        except OSError:
            with contextlib.suppress(OSError):  # a full disk: the next try moves the line again
                os.ftruncate(torn, before)
            raise
    finally:
        os.close(torn)
    _sync_folder(aside)
    os.ftruncate(handle, size - len(tail))
    os.fsync(handle)
    return len(tail)


def _last_line(handle: int, size: int) -> bytes:
    """Return the text after the last line break."""
    tail = b""
    while len(tail) < size and b"\n" not in tail:
        start = max(0, size - len(tail) - (1 << 16))
        os.lseek(handle, start, os.SEEK_SET)
        missing, parts = size - len(tail) - start, []
        while missing and (part := os.read(handle, missing)):
            parts.append(part)
            missing -= len(part)
        tail = b"".join(parts) + tail
    return tail.rpartition(b"\n")[2]


def _sync_folder(path: Path) -> None:
    """Sync the folder, so that a new file name is on disk."""
    with contextlib.suppress(OSError):  # some systems do not support this
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
