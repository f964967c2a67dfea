"""Every back end gives the same answer: generated Python, Kleene's logic, cel-python, and Google's C++ where installed.

Two kinds of material: the shipped bundle on random profiles, and random expressions on random profiles. The first alone
misses errors, because good rules are careful. Sizes are of tests/support/effort.py.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.support.activations import VALUES, ask, described, run_generated, tree_of
from tests.support.effort import SEED, TIMES, trials
from tests.support.oracles import GOOGLE, CelPython, Google, convert, strict
from tests.support.random_inputs import PARAMETERS, Profiles, near_days, parameter_types
from tests.support.samples import (
    Tally,
    batch,
    by_subject,
    drawn,
    random_activation,
    shipped,
    vocabulary_of,
)
from vatspolicy.core.cel.ast import Node, Term, walk
from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.cel.interpreter import Unknown, compile_interpreter, evaluate
from vatspolicy.core.cel.types import type_of_value
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.model import Policy
from vatspolicy.core.policies.ruleset import RuleSet

# --- the shipped bundle -----------------------------------------------------------------------------------------------


def engines(policy: Policy, law: RuleSet) -> tuple[CelPython, Google]:
    """The engines with the parameter values of a law."""
    params, terms = vocabulary_of(policy.id)
    reference = CelPython({name: (law.params[key], type) for name, (key, type) in params.items()}, terms)
    return reference, Google({name: law.params[key] for name, (key, _) in params.items()}, terms)


def test_generated_python_agrees_on_every_rule() -> None:
    tally = Tally()
    for day, law, each, activation in itertools.islice(drawn(random.Random(SEED)), trials(300)):
        for _, expression in by_subject().get(each, ()):
            found = law.evaluator.function(expression)(activation)
            expected = compile_interpreter(expression.tree, law.params)(activation)
            tally.answers["None" if isinstance(expected, Unknown) else str(expected)] += 1
            where = f"{each}, {day}"
            tally.expect("generated Python", expression.text, where, described(expected), described(found))
    tally.check()
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 1000 * TIMES


def test_cel_engines_agree_on_every_rule() -> None:
    """Each environment meets a few dozen expressions; the run ends when each expression has met enough environments."""
    draw = random.Random(SEED + 1)
    tally = Tally()
    waiting = {each: draw.sample(found, len(found)) * trials(3) for each, found in by_subject().items()}
    for day, law, each, activation in drawn(draw):
        batch, waiting[each] = waiting.get(each, [])[:40], waiting.get(each, [])[40:]
        facts = convert(activation, variables(each))
        for policy, expression in batch:
            expected = evaluate(expression.tree, activation, law.params)
            tally.answers[str(expected)] += 1
            where = f"{each} in {policy.id}, {day}"
            expected = evaluate(strict(expression.tree), activation, law.params)
            reference, google = engines(policy, law)
            tally.expect("cel-python", expression.text, where, expected, reference.at(facts)(expression.text))
            if GOOGLE:
                tally.expect(
                    "cel-expr-python", expression.text, where, expected, google.at(activation)(expression.text)
                )
        if not any(waiting.values()):
            break
    tally.check()
    assert tally.compared["cel-python"] == trials(3) * sum(map(len, by_subject().values()))
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 20 * TIMES


# --- random expressions -----------------------------------------------------------------------------------------------


def test_all_back_ends_agree_on_random_expressions() -> None:
    draw = random.Random(SEED + 2)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    typed = {name: (value, type_of_value(value, name)) for name, value in PARAMETERS.items()}
    tally, kinds = Tally(), Counter[str]()
    for _ in range(trials(30)):
        made = batch(draw, hints, 24)
        functions = GeneratedModule.generate(made.trees).load(params)
        reference = CelPython(typed, made.terms)
        google = Google(PARAMETERS, made.terms) if GOOGLE else None
        kinds.update(type(node).__name__ for tree in made.trees.values() for node in walk(tree))
        for _ in range(5):
            day = near_days(draw, bundle.boundaries)
            activation = random_activation(draw, profiles.profile(), day, made.each)
            by_reference = reference.at(convert(activation, variables(made.each)))
            by_google = google.at(activation) if google else None
            for text, tree in made.trees.items():
                expected = evaluate(tree, activation, params)
                tally.answers[str(expected)] += 1
                where = f"{made.each}, {day}, terms {_terms_in(tree, made.terms)}"
                tally.expect(
                    "generated Python", text, where, expected, run_generated(functions[text], tree, activation, params)
                )
                expected = evaluate(strict(tree), activation, params)
                tally.expect("cel-python", text, where, expected, by_reference(text))
                if by_google:
                    tally.expect("cel-expr-python", text, where, expected, by_google(text))
    tally.check()
    assert tally.compared["cel-python"] > 3000 * TIMES
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 500 * TIMES
    assert set(kinds) == {kind.__name__ for kind in Node.__subclasses__()}


def test_all_back_ends_agree_on_texts() -> None:
    """Random texts seldom begin, end or hold one another."""
    words, patterns = (
        ("", "a", "ab", "ba", "aba", "bab", "中a", "a\nb"),
        ("", "^a", "a$", "b+", "a.b", "[^a]", "^(ab|中a)$"),
    )
    texts = [
        f"company.name.{function}('{word}')"
        for function in ("startsWith", "endsWith", "contains")
        for word in words[:-1]
    ]
    texts += [f"company.name.matches('{pattern}')" for pattern in patterns]
    tally, trees = Tally(), {text: tree_of(text) for text in texts}
    functions = GeneratedModule.generate(trees).load({})
    reference, google = CelPython({}, {}), Google({}, {}) if GOOGLE else None
    activations: list[dict[str, Any]] = [{"company": {}}, *({"company": {"name": word}} for word in words)]
    for activation in activations:
        by_reference = reference.at(convert(activation, variables("activity")))
        by_google = google.at(activation) if google else None
        for text, tree in trees.items():
            expected = evaluate(tree, activation, {})
            tally.answers[str(expected)] += 1
            tally.expect(
                "generated Python",
                text,
                str(activation),
                expected,
                run_generated(functions[text], tree, activation, {}),
            )
            tally.expect("cel-python", text, str(activation), expected, by_reference(text))
            if by_google:
                tally.expect("cel-expr-python", text, str(activation), expected, by_google(text))
    tally.check()
    assert tally.answers["None"] == len(texts)
    assert min(tally.answers["True"], tally.answers["False"]) > 50


def test_set_tests_are_their_quantifiers() -> None:
    """In the interpreter and in generated Python, missing lists and the facts to ask for included."""
    lists = ("service.offers", "service.features", "param.offers", '["news", "saas"]', '["live-streaming"]')
    misfits = ("service.features", "param.offers"), ("service.features", '["news", "saas"]')
    forms = {
        "sets.intersects({a}, {b})": "{a}.exists(x, x in {b})",
        "sets.contains({a}, {b})": "{b}.all(x, x in {a})",
        "sets.equivalent({a}, {b})": "{b}.all(x, x in {a}) && {a}.all(x, x in {b})",
    }
    facts: list[dict[str, Any]] = [
        {"service": {name: value for name, value in (("offers", offers), ("features", features)) if value is not None}}
        for offers in (None, [], ["news"], ["news", "saas", "cdn"], ["live-streaming", "news", "live-streaming"])
        for features in (None, [], ["live-streaming"], ["user-posts", "sim"])
    ]
    answers = Counter[str]()
    for (test, quantifiers), a, b in itertools.product(forms.items(), lists, lists):
        if (a, b) in misfits or (b, a) in misfits:  # no feature is such a word
            continue
        one, other = (tree_of(form.format(a=a, b=b)) for form in (test, quantifiers))
        both = GeneratedModule.generate({"one": one, "other": other}).load(VALUES)
        for activation in facts:
            results = [compile_interpreter(tree, VALUES)(activation) for tree in (one, other)]
            results += [function(activation) for function in both.values()]
            assert len({repr(described(result)) for result in results}) == 1, (test, a, b, activation, results)
            answers[str(results[0]) if isinstance(results[0], bool) else "None"] += 1
    assert min(answers[answer] for answer in ("True", "False", "None")) > 30


def test_an_empty_list_of_the_law_is_a_set() -> None:
    for text, answer in (
        ("sets.intersects(param.nothing, service.offers)", False),
        ("sets.contains(service.offers, param.nothing)", True),
        ("sets.equivalent(param.nothing, param.nothing)", True),
        ("sets.equivalent(param.offers, param.nothing)", False),
    ):
        assert ask(text, {"service": {"offers": ["news"]}}) is answer, text
    assert ask("sets.contains(service.offers, param.nothing)", {"service": {}}) is True
    assert ask("sets.contains(param.nothing, service.offers)", {"service": {}}) is None


def _terms_in(tree: Node, terms: Mapping[str, str]) -> dict[str, str]:
    return {node.name: terms[node.name] for node in walk(tree) if isinstance(node, Term)}
