"""Other engines, each built from plain data and used in its own process.

    python benchmarks/engines.py ENGINE WORKLOAD.json               load the rules, evaluate them for one profile
    python benchmarks/engines.py ENGINE WORKLOAD.json --specs FOLDER N [ANSWERS]    for the first N files of a folder

Each engine is used as its documentation shows: rules are compiled once, facts are handed over as dictionaries. The
timed part takes those and returns a dictionary from rule names to True, False, or None if the engine reports an error.
Nothing of this project is imported.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Subjects = Sequence[tuple[str, Mapping[str, Any]]]
Answers = list[dict[str, Any]]
Engine = Callable[[Subjects], Answers]
Data = Mapping[str, Any]


# --- CEL --------------------------------------------------------------------------------------------------------------


def google(data: Data) -> Engine:
    """Build Google's C++ implementation: one expression per rule."""
    from cel_expr_python import cel

    environment = cel.NewEnv(variables=dict.fromkeys(data["variables"], cel.Type.DYN))
    programs = {
        each: [(name, environment.compile(text)) for name, text in rules] for each, rules in data["cel"].items()
    }
    return _google(environment, programs)


def google_serialized(data: Data) -> Engine:
    """Build it from compiled expressions of `serialized`, as a cache would hold them."""
    from cel_expr_python import cel

    environment = cel.NewEnv(variables=dict.fromkeys(data["variables"], cel.Type.DYN))
    programs = {
        each: [(name, environment.deserialize(bytes.fromhex(text))) for name, text in rules]
        for each, rules in data["serialized"].items()
    }
    return _google(environment, programs)


def serialized(data: Data) -> dict[str, Any]:
    """Return the rules as compiled expressions."""
    from cel_expr_python import cel

    environment = cel.NewEnv(variables=dict.fromkeys(data["variables"], cel.Type.DYN))
    return {
        each: [(name, environment.compile(text).serialize().hex()) for name, text in rules]
        for each, rules in data["cel"].items()
    }


def _google(environment: Any, programs: Mapping[str, Sequence[tuple[str, Any]]]) -> Engine:
    from cel_expr_python import cel

    error = cel.Type.ERROR

    def ask(each: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        activation = environment.Activation(dict(facts))
        found = {}
        for name, program in programs[each]:
            value = program.eval(activation)
            found[name] = None if value.type() == error else value.plain_value()
        return found

    return lambda asked: [ask(each, facts) for each, facts in asked]


LONGEST = 90_000
"""Characters of one list; Google's parser takes 100,000."""


def _lists(rules: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Split rules into lists that the parser takes."""
    parts: list[list[tuple[str, str]]] = []
    length = LONGEST
    for name, text in rules:
        length += len(text) + 4
        if length > LONGEST:
            parts.append([])
            length = len(text) + 4
        parts[-1].append((name, text))
    return parts


def google_fused(data: Data) -> Engine:
    """All rules of a kind of subject in as few lists as the parser takes: a call or two a subject.

    An error in one rule is an error of its list, so that where a fact is missing they are asked one by one after all.
    """
    from cel_expr_python import cel

    singly = google(data)

    environment = cel.NewEnv(variables=dict.fromkeys(data["variables"], cel.Type.DYN))
    programs = {
        each: [
            ([name for name, _ in part], environment.compile(f"[{', '.join(f'({text})' for _, text in part)}]"))
            for part in _lists(rules)
        ]
        for each, rules in data["cel"].items()
    }

    def ask(each: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for names, program in programs[each]:
            value = program.eval(environment.Activation(dict(facts)))
            if value.type() == cel.Type.ERROR:
                return singly([(each, facts)])[0]
            found |= {name: one.plain_value() for name, one in zip(names, value.value(), strict=True)}
        return found

    return lambda asked: [ask(each, facts) for each, facts in asked]


def google_chosen(data: Data) -> Callable[[Subjects, Sequence[Sequence[str]]], Answers]:
    """Only the rules named for each subject; the others are taken to be False."""
    from cel_expr_python import cel

    environment = cel.NewEnv(variables=dict.fromkeys(data["variables"], cel.Type.DYN))
    programs = {each: {name: environment.compile(text) for name, text in rules} for each, rules in data["cel"].items()}
    error = cel.Type.ERROR

    def ask(each: str, facts: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        activation, rules = environment.Activation(dict(facts)), programs[each]
        found: dict[str, Any] = dict.fromkeys(rules, False)
        for name in names:
            value = rules[name].eval(activation)
            found[name] = None if value.type() == error else value.plain_value()
        return found

    return lambda asked, chosen: [ask(each, facts, names) for (each, facts), names in zip(asked, chosen, strict=True)]


def rust(data: Data) -> Engine:
    """Build the Rust implementation: one expression per rule."""
    import cel

    programs = {each: [(name, cel.compile(text)) for name, text in rules] for each, rules in data["cel"].items()}

    def value(program: Any, context: Any) -> Any:
        try:
            return program.execute(context)
        except (RuntimeError, TypeError, KeyError, ValueError):  # how it says that a fact is missing
            return None

    def ask(each: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        context = cel.Context(dict(facts))
        return {name: value(program, context) for name, program in programs[each]}

    return lambda asked: [ask(each, facts) for each, facts in asked]


def celpy(data: Data) -> Engine:
    """cel-python's interpreter: an expression a rule, facts by `json_to_cel`."""
    import celpy
    from celpy import celtypes
    from celpy.adapter import json_to_cel
    from celpy.evaluation import CELEvalError

    environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
    programs = {
        each: [(name, environment.program(environment.compile(text))) for name, text in rules]
        for each, rules in data["cel"].items()
    }

    def value(program: Any, activation: Any) -> Any:
        try:
            found = program.evaluate(activation)
        except CELEvalError:
            return None
        return bool(found) if isinstance(found, celtypes.BoolType) else found

    def ask(each: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        activation = {name: json_to_cel(fact) for name, fact in facts.items()}
        return {name: value(program, activation) for name, program in programs[each]}

    return lambda asked: [ask(each, facts) for each, facts in asked]


# --- others -----------------------------------------------------------------------------------------------------------


def opa(data: Data) -> Engine:
    """OPA itself, in this process: the set of rules that hold of an input."""
    from opa_bindings import OpaEngine

    engine = OpaEngine()
    engine.add_data({"params": data["params"]})
    for each, source in data["rego"].items():
        engine.add_policy(f"{each}.rego", source)
    names = {each: [name for name, _ in rules] for each, rules in data["cel"].items()}

    def ask(each: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        holding = set(engine.eval_document(f"{each}.fires", dict(facts)))
        return {name: name in holding for name in names[each]}

    return lambda asked: [ask(each, facts) for each, facts in asked]


def stack(data: Data) -> Engine:
    """Build the usual Python stack: typer, PyYAML, jsonschema and cel-python. Rules are read from YAML."""
    import jsonschema
    import typer  # noqa: F401
    import yaml

    schema = {"type": "object", "required": ["cel"], "properties": {"cel": {"type": "object"}}}
    rules = yaml.safe_load(Path(data["yaml"]).read_text(encoding="utf-8"))
    jsonschema.validate(rules, schema)
    return celpy({**data, **rules})


ENGINES: dict[str, Callable[[Data], Engine]] = {
    "google": google,
    "google-serialized": google_serialized,
    "google-fused": google_fused,
    "rust": rust,
    "opa": opa,
    "celpy": celpy,
    "stack": stack,
}


def specs(name: str, data: Data, folder: Path, count: int) -> Answers:
    """Evaluate the rules for the subjects in each of the first so many files of a folder."""
    engine = ENGINES[name](data)
    files = sorted(folder.iterdir())[:count]
    return [one for file in files for one in engine(json.loads(file.read_text(encoding="utf-8")))]


def main() -> None:
    name, path = sys.argv[1:3]
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    if sys.argv[3:4] == ["--specs"]:
        found = specs(name, data, Path(sys.argv[4]), int(sys.argv[5]))
        if sys.argv[6:]:
            Path(sys.argv[6]).write_text(json.dumps(found), encoding="utf-8")
        print(sum(value is True for answers in found for value in answers.values()))
        return
    found = ENGINES[name](data)(data["asked"][0])
    os.write(1, b"%d\n" % sum(value is True for answers in found for value in answers.values()))


if __name__ == "__main__":
    main()
