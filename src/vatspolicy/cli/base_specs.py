"""The specs of the base of a change, with which a run compares its specs.

They are read as data, from a copy of the commit at which the change began, and decided under the law of the run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vatspolicy.cli.owner_side import OwnerSide, take_owner_side
from vatspolicy.core.documents import load_document, split_part
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate, find_specs
from vatspolicy.gate.judgement import identify_all
from vatspolicy.gate.spec_change import BaseRun
from vatspolicy.git import Git


def decide_base(gate: Gate, revision: str, arguments: Sequence[str]) -> tuple[Gate, BaseRun]:
    """Decide the specs of the merge base of the working tree and a revision; return the gate with them.

    Raises:
        DayError: The day of the gate may not be used.
        SourceError: The revision cannot be read.
    """
    git = Git(Path(os.path.realpath(os.curdir)))
    head, side = git.commit("HEAD"), take_base(revision)
    commit = side.revision
    own = {spec: str(side.name(spec)) for argument in arguments for spec in _find(argument)}
    renamed = {_from_here(side, new): _from_here(side, old) for new, old in git.renames(commit, head).items()}
    wanted = {spec: renamed.get(name, name) for spec, name in own.items()}
    alone = replace(gate, allow_past=True, expected=None, stdin_name=None, keeps_profiles=True)
    with side.entered():
        below = [spec for argument in arguments for spec in _find(str(side.name(argument)))]
        result = alone.run(
            dict.fromkeys(spec for spec in (*below, *wanted.values()) if os.path.isfile(split_part(spec)[0]))
        )
    before = {record.file: record for record in result.records}
    names = {spec: name for spec, name in wanted.items() if name in before or name in result.invalid}
    for name in (*before, *result.invalid):
        file, part = split_part(name)
        names |= {f"{spec}#{part}": name for spec, old in wanted.items() if part and old == file}
    left = {record.product: file for file, record in before.items() if file not in names.values()}
    for spec in own:
        if spec not in names and (product := _read_product(spec)) in left:
            names[spec] = left.pop(product)
    identities = {spec: identify_all(before[name]) for spec, name in names.items() if name in before}
    base = BaseRun(commit, before, frozenset(result.invalid), names, result.stated)
    return replace(gate, known=identities, keeps_profiles=True), base


def take_base(revision: str) -> OwnerSide:
    """Write a copy of the merge base of the working tree and a revision. Raises SourceError."""
    git = Git(Path(os.path.realpath(os.curdir)))
    return take_owner_side(git.merge_base(git.commit(revision), git.commit("HEAD")))


def _find(argument: str) -> list[str]:
    """Return the specs of an argument; none if the search ends with a problem, which the run itself reports."""
    try:
        return find_specs(argument)
    except InvalidInput:
        return []


def _from_here(side: OwnerSide, path: str) -> str:
    """Return the path of a repository file relative to the working directory."""
    return os.path.relpath(os.path.join(side.root, path), side.here)


def _read_product(spec: str) -> str:
    """Return the id of the product of a spec; empty if it cannot be read."""
    try:
        product = load_document(spec).data["product"]["id"]
    except (InvalidInput, KeyError, TypeError):
        return ""
    return str(product)
