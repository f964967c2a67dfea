"""The bundle's real rules in other engines: the same rules, the same complete profiles, answers compared before timing.

    python benchmarks/bench_peers.py [--profiles 4] [--json FILE]

Every rule in force is asked of every subject that it is about. The peers answer which rules hold, and no more; ours is
timed doing that, and making the whole decision. For CEL engines, terms and parameters are written into each rule. An
engine that is not installed, or whose answers differ, is named in the table and not timed. Ratios count, not times.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import os
import platform
import random
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from bench_decision import with_cel
from generators import Profiles, hints_of
from rego import Writer

from vatspolicy.bundle import Bundle, load_bundle
from vatspolicy.cases import subjects
from vatspolicy.evaluate import evaluate
from vatspolicy.expression.kleene import Env
from vatspolicy.expression.python import Module
from vatspolicy.law import Law
from vatspolicy.link import variables
from vatspolicy.policy import Expression, Need, Policy, Route, Rule
from vatspolicy.profile import Profile

Subjects = list[tuple[str, Env]]
Answers = list[dict[str, Any]]
"""By subject, what each rule says of it: True, False, or None where a fact is missing."""
Engine = Callable[[], Answers]
INSTALL = {
    "opa-golib-python-bindings": "pip install --no-deps --ignore-requires-python opa-golib-python-bindings==0.4.4",
}
"""How to install what no extra can name: its metadata asks for a later Python than it needs."""


# --- the rules as others want them --------------------------------------------------------------------------------


def spelled(bundle: Bundle, law: Law, policy: Policy, text: str) -> str:
    """The CEL text of an expression with its terms and the values of its parameters written out."""
    files = [policy, *(bundle.policies[used] for used in policy.uses)]
    params = {name: law.params[parameter.key] for file in files for name, parameter in file.parameters.items()}
    text = re.sub(
        r"\bterm\.([a-z0-9_]+)",
        lambda found: f"({spelled(bundle, law, policy, bundle.term(policy, found[1])[1])})",
        text,
    )
    return re.sub(r"\bparam\.([a-z0-9_]+)", lambda found: json.dumps(params[found[1]], ensure_ascii=False), text)


def rules_about(law: Law) -> dict[str, list[Rule]]:
    """Rules in force by the kind of subject."""
    found: dict[str, list[Rule]] = {}
    for key, rules in law.rules.items():
        found.setdefault(key.partition("/")[0], []).extend(rules)
    return found


# --- engines ------------------------------------------------------------------------------------------------------


def ours(law: Law, asked: Subjects) -> Engine:
    rules = rules_about(law)
    return lambda: [{rule.name: law.ask(rule.when, env) for rule in rules[each]} for each, env in asked]


def google(bundle: Bundle, law: Law, asked: Subjects) -> Engine:
    from cel_expr_python import cel

    environment = cel.NewEnv(variables=dict.fromkeys(variables("licence"), cel.Type.DYN))
    programs = {
        each: [
            (rule.name, environment.compile(spelled(bundle, law, bundle.policies[rule.policy], rule.when.text)))
            for rule in rules
        ]
        for each, rules in rules_about(law).items()
    }

    def ask(each: str, env: Env) -> dict[str, Any]:
        activation = environment.Activation(dict(env))
        found = {}
        for name, program in programs[each]:
            value = program.eval(activation)
            found[name] = None if value.type() == cel.Type.ERROR else value.plain_value()
        return found

    return lambda: [ask(each, env) for each, env in asked]


def rust(bundle: Bundle, law: Law, asked: Subjects) -> Engine:
    import cel

    programs = {
        each: [
            (rule.name, cel.compile(spelled(bundle, law, bundle.policies[rule.policy], rule.when.text)))
            for rule in rules
        ]
        for each, rules in rules_about(law).items()
    }

    def value(program: Any, facts: Any) -> Any:
        try:
            return program.execute(facts)
        except (RuntimeError, TypeError, KeyError, ValueError):  # how it says that a fact is missing
            return None

    def ask(each: str, env: Env) -> dict[str, Any]:
        facts = cel.Context(dict(env))
        return {name: value(program, facts) for name, program in programs[each]}

    return lambda: [ask(each, env) for each, env in asked]


def opa(law: Law, asked: Subjects) -> Engine:
    from opa_bindings import OpaEngine

    engine = OpaEngine()
    engine.add_data({"params": dict(law.params)})
    rules = rules_about(law)
    for each, found in rules.items():
        writer = Writer(each)
        for rule in found:
            writer.rule(rule.name, rule.when.tree)
        engine.add_policy(f"{each}.rego", writer.source)

    def ask(each: str, env: Env) -> dict[str, Any]:
        holding = set(engine.eval_document(f"{each}.fires", dict(env)))
        return {rule.name: rule.name in holding for rule in rules[each]}

    return lambda: [ask(each, env) for each, env in asked]


def celpy(bundle: Bundle, day: str, asked: Subjects) -> Engine:
    return ours(with_cel(bundle).on(day), asked)


# --- measuring ----------------------------------------------------------------------------------------------------


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Seconds of the processor, the least of the repeats: what a busy machine adds is not the engine's."""
    times: list[float] = []
    for _ in range(repeats):
        start = process_time()
        run()
        times.append(process_time() - start)
    return min(times)


def differences(expected: Answers, found: Answers) -> int:
    """Answers that differ, where no fact is missing."""
    return sum(
        value is not None and other[name] is not value
        for one, other in zip(expected, found, strict=True)
        for name, value in one.items()
    )


def table(bundle: Bundle, day: str, profiles: list[Profile]) -> list[dict[str, Any]]:
    """One row an engine."""
    law = bundle.on(day)
    asked = [(each, env) for profile in profiles for each, _, env in subjects(law, profile, day)]
    expected = ours(law, asked)()
    questions = sum(map(len, expected))
    makers: list[tuple[str, str, int, Callable[[], Engine]]] = [
        ("ours: every rule asked", "vatspolicy", 9, lambda: ours(law, asked)),
        ("cel-expr-python (C++)", "cel-expr-python", 3, lambda: google(bundle, law, asked)),
        ("common-expression-language (Rust)", "common-expression-language", 3, lambda: rust(bundle, law, asked)),
        ("OPA (Go, in process)", "opa-golib-python-bindings", 3, lambda: opa(law, asked)),
        ("cel-python, interpreted", "cel-python", 1, lambda: celpy(bundle, day, asked)),
    ]
    whole = seconds(lambda: [evaluate(bundle, profile, day) for profile in profiles], 15)
    rows = [_row("ours: the whole Decision", importlib.metadata.version("vatspolicy"), whole, questions, profiles)]
    for title, package, repeats, make in makers:
        try:
            engine, version = make(), importlib.metadata.version(package)
        except (ImportError, importlib.metadata.PackageNotFoundError):
            rows.append({"engine": title, "note": f"not installed ({INSTALL.get(package, package)})"})
            continue
        except Exception as error:  # a peer that does not take the rules is a row, not a crash
            rows.append({"engine": title, "note": f"refused the rules: {str(error)[:160]}"})
            continue
        wrong = differences(expected, engine())
        if wrong:
            rows.append({"engine": title, "version": version, "note": f"{wrong} of {questions} answers differ"})
            continue
        rows.append(_row(title, version, seconds(engine, repeats), questions, profiles))
    rows.append({"engine": "Cerbos", "note": "not measured: its policies are not exported yet"})
    return rows


def _row(title: str, version: str, spent: float, questions: int, profiles: list[Profile]) -> dict[str, Any]:
    return {
        "engine": title,
        "version": version,
        "milliseconds_a_profile": round(spent / len(profiles) * 1e3, 3),
        "rules_a_second": round(questions / spent),
    }


def multiplied(bundle: Bundle, times: int) -> Bundle:
    """The bundle with every rule that many times, each copy under a name of its own, with code of its own."""

    def copy(expression: Expression) -> Expression:
        return dataclasses.replace(expression)

    def again(rule: Rule, number: int) -> Rule:
        effect: Any = rule.effect
        if isinstance(effect, Need) and effect.through is not None:
            effect = dataclasses.replace(effect, through=f"{effect.through}-{number}")
        if isinstance(effect, Route):
            cap = effect.max_foreign_percent
            effect = dataclasses.replace(
                effect,
                to=f"{effect.to}-{number}",
                max_foreign_percent=None if cap is None else copy(cap),
                conditions=tuple(dataclasses.replace(one, check=copy(one.check)) for one in effect.conditions),
            )
        return dataclasses.replace(rule, id=f"{rule.id}-{number}", when=copy(rule.when), effect=effect)

    policies: Mapping[str, Policy] = {
        id: dataclasses.replace(
            policy, rules=(*policy.rules, *(again(rule, n) for n in range(1, times) for rule in policy.rules))
        )
        for id, policy in bundle.policies.items()
    }
    fields = {item.name: getattr(bundle, item.name) for item in dataclasses.fields(Bundle)} | {"policies": policies}
    made = Bundle(**fields)
    module = Module({str(index): expression.tree for index, expression in enumerate(made.expressions())})
    return Bundle(**{**fields, "_module": module})


def growth(bundle: Bundle, day: str, profiles: list[Profile]) -> list[dict[str, Any]]:
    """How the time of a decision grows with the rules; the copies hold whenever the rules do that they copy."""
    rows = []
    for times in (1, 2, 4, 8):
        more = multiplied(bundle, times)
        spent = seconds(lambda more=more: [evaluate(more, profile, day) for profile in profiles], 15)  # type: ignore[misc]
        rows.append({"rules": f"{times}x", "milliseconds_a_profile": round(spent / len(profiles) * 1e3, 3)})
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description="The bundle's rules in other engines.")
    parser.add_argument("--profiles", type=int, default=4)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    bundle = load_bundle()
    day = bundle.boundaries[-1]
    draw = Profiles(random.Random(1), hints_of(bundle))
    profiles = [draw.profile(missing=0.0) for _ in range(options.profiles)]
    rows = table(bundle, day, profiles)
    grown = growth(bundle, day, profiles)
    print(f"{len(bundle.policies)} policies, {len(profiles)} complete profiles, day {day}\n")
    print(f"{'':36}{'version':>10}{'ms a profile':>14}{'rules/s':>12}{'to Decision':>13}")
    first = rows[0]["milliseconds_a_profile"]
    for row in rows:
        if "note" in row:
            print(f"{row['engine']:36}{row.get('version', ''):>10}  {row['note']}")
            continue
        row["ratio"] = round(row["milliseconds_a_profile"] / first, 1)
        print(
            f"{row['engine']:36}{row['version']:>10}{row['milliseconds_a_profile']:>14.3f}"
            f"{row['rules_a_second']:>12,}{row['ratio']:>12}x"
        )
    print("\nThe Decision as rules are added:")
    for row in grown:
        ratio = row["milliseconds_a_profile"] / grown[0]["milliseconds_a_profile"]
        print(f"  {row['rules']:>3} the rules {row['milliseconds_a_profile']:>10.3f} ms {ratio:>6.1f}x")
    if options.json:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
        report = {**machine, "profiles": len(profiles), "engines": rows, "growth": grown}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return int(any("differ" in row.get("note", "") for row in rows[:2]))


if __name__ == "__main__":
    sys.exit(main())
