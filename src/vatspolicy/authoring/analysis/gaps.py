"""Profiles that no policy speaks about, and rules that stay undecided although nothing is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vatspolicy.authoring.analysis.bounded_search import applies, look, scene
from vatspolicy.authoring.analysis.findings import Finding
from vatspolicy.authoring.analysis.rule_checks import Audit
from vatspolicy.authoring.analysis.settings import Detail
from vatspolicy.authoring.analysis.witness import make_witness
from vatspolicy.authoring.symbolic.decision_encoder import encode_classes
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.isolate import expressions_of
from vatspolicy.authoring.symbolic.query import Query, Solution
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.values import Const, WordSet
from vatspolicy.authoring.symbolic.witness import Unconfirmed
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Classify, Rule
from vatspolicy.policies.reads import facts_of

_SPEAKING = ("deny", "need", "duty", "advise")


def gaps(audit: Audit, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Services that no rule classifies, and activities on which no need, denial, duty or advice speaks."""
    found = [rule.effect for rule in rules if isinstance(rule.effect, Classify)]
    if not found:
        return
    known: list[str] = []
    while True:  # one offer after the other, until it is proved that there is none besides
        more = list(audit.tried("gap", ("offers",), lambda: _unclassified(audit, known)))
        if not more:
            break
        yield from more
        known.append(more[0].about[0].partition("=")[2])
    for cls in sorted({cls for effect in found for cls in effect.classes}):
        yield from audit.tried("gap", (f"class={cls}",), lambda cls=cls: _unspoken(audit, cls))  # type: ignore[misc]


def _unclassified(audit: Audit, known: Sequence[str]) -> Finding | None:
    """A service that offers one thing, none of those known, and of which every classify rule is known not to speak."""

    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, service = query.services[0]
        pool = query.space.pool
        some = [
            pool.conjoin((held, pool.disjoin(map(base.has, _offers())), *(-base.has(word) for word in known)))
            for held, base in service.get("offers")
            if isinstance(base, WordSet)
        ]
        activation = ruleset.service_activation(service)
        silent = [ruleset.holds(rule, activation).false for rule in ruleset.history.of("service", "classify")]
        return [exists, pool.disjoin(some), *silent]

    answer = audit.ask(build)
    if answer is None:
        return None
    offer = answer.minimized().profile["services"][0]["offers"][0]
    en = f"No rule classifies a service that offers {offer}."
    return _gap(audit.bundle, f"offers={offer}", en, f"没有规则对提供{offer}的服务分类。", answer)


def _unspoken(audit: Audit, cls: str) -> Finding | None:
    """An activity of this class on which every rule is known to be silent."""

    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, service = query.services[0]
        activation = ruleset.activity_activation(service, ((TRUE, Const(cls)),), cls)
        silent: list[int] = []
        for rule in _speaking(ruleset):
            silent.append(ruleset.holds(rule, activation).false)
            if silent[-1] == FALSE:  # it speaks about every activity
                return [FALSE]
        return [exists, encode_classes(ruleset, ruleset.service_activation(service)).certain.get(cls, FALSE), *silent]

    answer = audit.ask(build)
    if answer is None:
        return None
    en, zh = f"No rule speaks about an activity of class {cls}.", f"没有规则涉及{cls}类业务。"
    return _gap(audit.bundle, f"class={cls}", en, zh, answer)


def _speaking(ruleset: SymbolicRuleSet) -> list[Rule]:
    rules = [rule for effect in _SPEAKING for rule in ruleset.history.of("activity", effect)]
    return sorted(rules, key=lambda rule: len(rule.when.text))  # the plainest settle the question at once


def _gap(bundle: Bundle, about: str, en: str, zh: str, answer: Solution) -> Finding:
    shown = make_witness(bundle, answer, (), "")
    rules = [(p.file, r.line) for p in bundle.policies.values() for r in p.rules if isinstance(r.effect, Classify)]
    return Finding(
        "gap",
        (about,),
        *rules[0],
        {"en": en, "zh": zh},
        None,
        None,
        shown.profile,
        shown.as_of,
        shown.case,
        shown.case_for,
    )


def undecided(audit: Audit, rules: Sequence[Rule], details: Sequence[Detail]) -> Iterator[Finding]:
    """Rules that can stay undecided though every fact that applies is given.

    Every fact applies, but for those of a detail: an object that a product states only where its condition holds.
    """
    objects = {detail.facts for detail in details} | {"partner"}
    for rule in rules:
        read = {path for expression in expressions_of(rule) for path in facts_of(expression.tree)}
        if not any(
            path == thing or path.startswith((f"{thing}.", "activity.licensed")) for path in read for thing in objects
        ):
            continue  # all that it reads is given, and then nothing is unknown
        about = (rule.name,)
        yield from audit.tried("may-be-unknown", about, lambda rule=rule: _undecided(audit, rule, details))  # type: ignore[misc]


def _undecided(audit: Audit, rule: Rule, details: Sequence[Detail]) -> Finding | None:
    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        there, activation = scene(query, ruleset, rule.each)
        rail = applies(ruleset, rule, activation)
        doubt = [*there, ruleset.in_force(rule), -rail.true, -rail.false]
        return [FALSE] if FALSE in doubt else [*doubt, *_given(query, ruleset, details)]

    # where one member of a list is undecided, it is so alone: short lists show what long ones would
    answer = look(audit.bundle, audit.period, build, audit.budget)
    if answer is None:
        return None
    shown = make_witness(audit.bundle, answer, [rule], f"leaves {rule.id} undecided with all facts that apply")
    if "unknown" not in shown.states[rule.name]:
        raise Unconfirmed(f"{rule.name} is decided")
    en = (
        f"{rule.id} stays undecided although every fact that applies is given: "
        "it reads a detail before it asks whether that applies."
    )
    zh = f"适用事实均已给出，{rule.id}仍无法判定：规则读取细节事实前未先判断其是否适用。"
    return audit.finding("may-be-unknown", (rule,), en, zh, shown)


def _given(query: Query, ruleset: SymbolicRuleSet, details: Sequence[Detail]) -> list[int]:
    """Formulas that every fact read so far is given where it applies."""
    space, pool = query.space, query.space.pool
    conditions: dict[str, int] = {}
    for detail in details:
        if detail.each == "product":
            conditions[detail.facts] = ruleset.encoder.truth(detail.when, ruleset.product_activation(), {}).true
        else:
            for _, service in query.services:
                activation = ruleset.service_activation(service)
                path = detail.facts.replace("services.*", service.path)
                conditions[path] = ruleset.encoder.truth(detail.when, activation, {}).true
    found = []
    for name, flag in list(space._flags.items()):
        path = name.removesuffix("?")
        if path == name or path.rpartition(".")[2].isdigit():
            continue
        above = path.rpartition(".")[0]
        while above and f"{above}?" not in space._flags:
            above = above.rpartition(".")[0]
        owner = space._flags[f"{above}?"] if above else TRUE
        applicable = conditions.get(path, TRUE)
        found += [pool.disjoin((-owner, -applicable, flag))]
        if path in conditions:  # and nobody states a detail of something that is not there
            found += [pool.disjoin((applicable, -flag))]
    return found


def _offers() -> Iterable[str]:
    """What a service can offer, by the profile schema."""
    service = SchemaSet.shipped().load("profile")["properties"]["services"]["items"]["properties"]
    return tuple(service["offers"]["items"]["enum"])
