"""Test cases: the tests beside policies, and fixtures, which are profiles with expected decisions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from vatspolicy.cel.activation import Activation
from vatspolicy.documents import Document, load_document, parse_document
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.documents.validation import validate
from vatspolicy.engine.classification import classify
from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import NEED_STATES, evaluate
from vatspolicy.engine.licensing import evaluate_routes, holds_instrument, outcome_range
from vatspolicy.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import Listing, _
from vatspolicy.policies.bundle import TESTS_ENDING, Bundle
from vatspolicy.policies.model import Duty, Need, Policy, Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile, change, read_profile

STRAY_HINT = _("Write the tests of ID.yaml in ID.test.yaml, in the same folder.")


@dataclass(frozen=True)
class Case:
    """One test of a policy, or one expected decision of a fixture."""

    file: str
    line: int
    name: str
    bundle: Bundle
    profile: Profile
    as_of: str
    expect: Mapping[str, Any]
    policy: Policy | None
    """The policy whose rules are tested; None for a fixture."""

    @property
    def skipped(self) -> str | None:
        """The reason for which the case is not run, or None. A skipped case shows nothing of any rule."""
        reason: str | None = self.expect.get("skip")
        return reason

    def run(self) -> list[str]:
        """Return one sentence for each difference from the expectation; none if the test passes."""
        if self.policy is None:
            return list(_differences(evaluate(self.bundle, self.profile, self.as_of), self.expect))
        return list(self._probe())

    def _probe(self) -> Iterator[str]:
        assert self.policy is not None
        ruleset = self.bundle.on(self.as_of)
        scopes = list(subjects(ruleset, self.profile, self.as_of))
        wanted = self.expect.get("subject")
        for id, state in self.expect["expect"].items():
            rule = next((rule for rule in self.policy.rules if rule.id == id), None)
            if rule is None:
                yield _("There is no rule {name!r} in this file.", name=id)
                continue
            found = {
                state_of(ruleset, rule, activation)
                for each, name, activation in scopes
                if each == rule.each and wanted in (None, name)
            }
            found = found or {"silent"}
            if len(found) > 1:
                yield _(
                    "{id} is {found} for several subjects; name one under subject.",
                    id=id,
                    found=Listing([_name_state(state) for state in sorted(found)], "and"),
                )
            elif found != {state} and not (state == "fires" and found == {"unmet"}):
                yield _(
                    "{id} is {found}, not {state}.", id=id, found=_name_state(found.pop()), state=_name_state(state)
                )
        for instrument, bodies in self.expect.get("authority", {}).items():
            activation = next(
                (activation for each, name, activation in reversed(scopes) if wanted in (None, name)), None
            )
            actual = (
                ruleset.authorities(instrument, activation)
                if activation is not None and instrument in ruleset.instruments
                else ()
            )
            if set(actual) != set(bodies):
                yield _(
                    "{instrument} is with {found}, not {bodies}.",
                    instrument=instrument,
                    found=Listing(actual or [_("nobody")]),
                    bodies=Listing(bodies),
                )


def subjects(ruleset: RuleSet, profile: Profile, as_of: str) -> Iterator[tuple[str, str, Activation]]:
    """Yield every subject of a profile (product, services, activities) with its name and activation."""
    product = product_activation(profile, as_of)
    yield "product", "", product
    for service in product["services"]:
        activation = service_activation(product, service)
        yield "service", service["id"], activation
        for cls in classify(ruleset, activation).classes:
            yield "activity", f"{service['id']}/{cls}", activity_activation(ruleset, activation, cls)


def state_of(ruleset: RuleSet, rule: Rule, activation: Activation) -> str:
    """Return the state of a rule for one activation: silent, fires, unknown; met, unmet, closed; open, closed."""
    holds = ruleset.evaluate(rule.when, activation) if rule in ruleset.rules_for(rule.each, rule.kind) else False
    if holds is False:
        return "silent"
    match rule.effect:
        case Route(to=to):
            return next(
                (state.state for state in evaluate_routes(ruleset, activation, to) if state.rule is rule), "silent"
            )
        case Need(through=str(to)):
            mildest, strictest = outcome_range(evaluate_routes(ruleset, activation, to))
            if not holds or mildest != strictest:
                return "unknown"
            return NEED_STATES[strictest]
        case Need(instrument=str(instrument), bearer=bearer):
            has = holds_instrument(ruleset, activation, instrument, bearer if "service" in activation else "company")
            return "met" if has else "unknown" if not holds or has is None else "unmet"
    return "fires" if holds else "unknown"


def policy_cases(bundle: Bundle) -> Iterator[Case]:
    """Yield every test of the policies of a bundle. Raises InvalidInput for tests that cannot be run."""
    if stray := list(stray_tests(bundle)):
        raise InvalidInput(stray)
    for policy in bundle.policies.values():
        yield from cases_of(bundle, policy)


def cases_of(bundle: Bundle, policy: Policy) -> Iterator[Case]:
    """Yield the tests of one policy, from `x.test.yaml` beside `x.yaml`; none if that file does not exist.

    Raises InvalidInput for a file of another form, and when a test's facts are not a profile.
    """
    document = load_tests(bundle, policy)
    if document is None:
        return
    base = _whole(document.data["base"])
    for index, entry in enumerate(document.data["cases"]):
        line, _ = document.mark(("cases", index))
        profile = _profile(base, entry, f"{document.file}:{line}", bundle.schemas)
        name = f"{policy.id}: it {entry['it']}"
        yield Case(document.file, line, name, bundle, profile, entry["as_of"], entry, policy)


def load_tests(bundle: Bundle, policy: Policy) -> Document | None:
    """Return the tests that stand beside a policy (policy-tests.schema.json), or None. Raises InvalidInput."""
    document = bundle.tests_of(policy)
    problems = validate(document, "policy-tests", bundle.schemas) if document is not None else []
    if problems:
        raise InvalidInput(problems)
    return document


def stray_tests(bundle: Bundle) -> Iterator[Problem]:
    """Yield a problem for each file of tests, below the folder of the policies, that stands beside none of them."""
    beside = {policy.file.removesuffix(".yaml") + TESTS_ENDING for policy in bundle.policies.values()}
    for path in sorted(FilePath(bundle.folder).rglob(f"*{TESTS_ENDING}")) if beside else ():
        if str(path) not in beside:
            yield Problem(str(path), 1, 1, "", _("No policy belongs to these tests."), STRAY_HINT)


def _whole(base: Mapping[str, Any]) -> dict[str, Any]:
    """Return a base with the keys that every profile has."""
    return {"schema": 2, "product": {"id": "test"}, "company": {}, "services": [], **base}


def _profile(base: Mapping[str, Any], entry: Mapping[str, Any], where: str, schemas: SchemaSet) -> Profile:
    document = parse_document(json.dumps(base, ensure_ascii=False), where)
    return read_profile(change(document, _changes(entry)), schemas)


def _changes(entry: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    yield from entry.get("set", {}).items()
    yield from ((path, None) for path in entry.get("unset", []))


def fixture_cases(bundle: Bundle, folder: FilePath) -> Iterator[Case]:
    """Yield every expected decision of the fixtures of a folder. Raises InvalidInput for an invalid fixture."""
    for path in sorted(folder.rglob("*.yaml")):
        if not path.name.endswith(".expect.yaml"):
            yield from one_fixture(bundle, path)


def one_fixture(bundle: Bundle, path: FilePath) -> Iterator[Case]:
    """Yield the expected decisions of one profile, from `x.expect.yaml` beside `x.yaml`."""
    beside = path.with_name(path.name.removesuffix(".yaml") + ".expect.yaml")
    if not beside.is_file():
        raise InvalidInput(
            [Problem(str(path), 1, 1, "", _("There is no {name} beside this fixture.", name=beside.name))]
        )
    expected = load_document(beside)
    problems = validate(expected, "fixture", bundle.schemas)
    if problems:
        raise InvalidInput(problems)
    document = load_document(path)
    for index, entry in enumerate(expected.data["decisions"]):
        line, __ = expected.mark(("decisions", index))
        profile = read_profile(change(document, _changes(entry)), bundle.schemas)
        name = f"{path.stem}: as of {entry['as_of']}" + (f", {entry['it']}" if "it" in entry else "")
        yield Case(str(beside), line, name, bundle, profile, entry["as_of"], entry, None)


def _differences(decision: Decision, expect: Mapping[str, Any]) -> Iterator[str]:
    if decision.decision != expect["decision"]:
        yield _(
            "The decision is {decision}, not {expected}{because}.",
            decision=decision.decision,
            expected=expect["decision"],
            because=_because(decision),
        )
    if "range" in expect and list(decision.range) != expect["range"]:
        yield _(
            "The range is {low} to {high}, not {least} to {most}.",
            low=decision.range[0],
            high=decision.range[1],
            least=expect["range"][0],
            most=expect["range"][1],
        )
    for service, classes in expect.get("classes", {}).items():
        actual = [a.cls for s in decision.services if s.id == service for a in s.activities]
        if sorted(actual) != sorted(classes):
            yield _(
                "{service} is of {found}, not {classes}.",
                service=service,
                found=Listing(actual or [_("no class")]),
                classes=Listing(classes or [_("no class")]),
            )
    if "needs" in expect and sorted(needs(decision)) != sorted(expect["needs"]):
        yield _(
            "The needs are [{found}], not [{needs}].",
            found=", ".join(sorted(needs(decision))),
            needs=", ".join(sorted(expect["needs"])),
        )
    yield from _route_differences(decision, expect)
    seen = names(decision)
    for key in ("reasons", "rules", "duties", "advice"):
        for name in expect.get(key, []):
            if name not in seen:
                yield _("{name} is expected under {key}, but it does not appear.", name=name, key=key)
    for name in expect.get("absent", []):
        if name in seen:
            yield _("{name} must not appear, but it does.", name=name)
    yield from _surplus(decision, expect)
    missing = {".".join(map(str, ask.path)) for ask in decision.missing}
    for path in expect.get("missing", []):
        if path not in missing:
            yield _(
                "{path} is not asked for (asked: {asked}).", path=path, asked=Listing(sorted(missing) or [_("nothing")])
            )
    if "contested" in expect and bool(decision.readings) != expect["contested"]:
        yield (
            _("The decision is flagged as contested.")
            if decision.readings
            else _("The decision is not flagged as contested.")
        )


def _surplus(decision: Decision, expect: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each duty, remark or undetermined rule beyond what is expected."""
    duties, advice = owed(decision), {finding.rule.name for finding in decision.advice}
    if expect.get("exactly"):
        for key, found in (("duties", duties), ("advice", advice)):
            for name in sorted(found - set(expect.get(key, []))):
                yield _("{name} is listed, but not expected under {key}.", name=name, key=key)
        for name in sorted({finding.rule.name for finding in decision.undetermined}):
            yield _("{name} is undetermined, but nothing may be.", name=name)
    if "at_most" in expect and (lines := len(duties) + len(advice)) > expect["at_most"]:
        yield _("Duties and advice take {lines} lines, more than {at_most}.", lines=lines, at_most=expect["at_most"])


def owed(decision: Decision) -> set[str]:
    """Return the instruments of the duties of a decision; duties that share one are one line of a report."""
    return {finding.rule.effect.instrument for finding in decision.duties if isinstance(finding.rule.effect, Duty)}


def _route_differences(decision: Decision, expect: Mapping[str, Any]) -> Iterator[str]:
    states = {
        f"{service.id}/{activity.cls}": {
            state.rule.effect.name: state.state for state in activity.routes if isinstance(state.rule.effect, Route)
        }
        for service in decision.services
        for activity in service.activities
    }
    for subject, wanted in expect.get("routes", {}).items():
        for route, state in wanted.items():
            actual_state = states.get(subject, {}).get(route, "absent")
            if actual_state != state:
                yield _(
                    "The route {route} of {subject} is {actual_state}, not {state}.",
                    route=route,
                    subject=subject,
                    actual_state=_name_state(actual_state),
                    state=_name_state(state),
                )


_STATES = {"fires": _("fires"), "silent": _("silent"), "unknown": _("unknown"), "closed": _("closed")}


def _name_state(state: str) -> str:
    """Return a state as messages show it."""
    return _STATES.get(state, state)


def _because(decision: Decision) -> str:
    """Return the denials or missing facts behind an unexpected outcome, in parentheses."""
    if decision.denials:
        return f" ({', '.join(sorted({f.rule.name for f in decision.denials}))})"
    if decision.missing:
        return f" (missing {', '.join('.'.join(map(str, ask.path)) for ask in decision.missing)})"
    return ""


def needs(decision: Decision) -> set[str]:
    """Return the licenses to obtain, as `instrument class route`, or `instrument` for a permit without routes."""
    found = set()
    for finding in decision.needs:
        found |= {f"{offer.instrument} {offer.cls} {offer.route}" for offer in finding.any_of}
        if not finding.any_of and isinstance(finding.rule.effect, Need) and finding.rule.effect.instrument:
            found.add(finding.rule.effect.instrument)
    return found


def names(decision: Decision) -> set[str]:
    """Return every rule, reason and instrument that the decision presents as found or required."""
    found: set[str] = set()
    for finding in (*decision.denials, *decision.needs, *decision.duties, *decision.advice, *decision.met):
        found |= {finding.rule.name, *finding.reasons, *(offer.instrument for offer in finding.any_of)}
        instrument = getattr(finding.rule.effect, "instrument", None)
        if instrument:
            found.add(instrument)
    found |= {finding.rule.name for service in decision.services for finding in service.classified_by}
    return found
