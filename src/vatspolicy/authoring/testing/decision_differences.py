"""Differences between a decision and the expectations of a fixture."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.authoring.testing.rule_states import explain_state, name_state, subjects
from vatspolicy.core.documents.plain import Fields
from vatspolicy.core.engine.decision import Decision, RouteResult
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.subjects import Activations
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Duty, Need, Route
from vatspolicy.core.profile.profile import Profile
from vatspolicy.i18n import Listing, _


def differences(decision: Decision, expect: Fields) -> Iterator[str]:
    """Yield one sentence for each difference between a decision and the expectations."""
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
                "The class of {service} is {found}, not {classes}.",
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
    for subject, route, state, found in routes_that_differ(decision, expect):
        yield _(
            "The route {route} of {subject} is {actual_state}, not {state}.",
            route=route,
            subject=subject,
            actual_state=name_state("absent" if found is None else found.state),
            state=name_state(state),
        )
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
                "{path} is not among the facts asked for ({asked}).",
                path=path,
                asked=Listing(sorted(missing) or [_("nothing")]),
            )
    if "contested" in expect and bool(decision.readings) != expect["contested"]:
        yield (
            _("The decision is flagged as contested.")
            if decision.readings
            else _("The decision is not flagged as contested.")
        )


def _surplus(decision: Decision, expect: Fields) -> Iterator[str]:
    """Yield a sentence for each unexpected duty, remark or undetermined rule."""
    duties, advice = owed(decision), {finding.rule.name for finding in decision.advice}
    if expect.get("exactly"):
        for key, found in (("duties", duties), ("advice", advice)):
            for name in sorted(found - set(expect.get(key, []))):
                yield _("{name} is listed, but not expected under {key}.", name=name, key=key)
        for name in sorted({finding.rule.name for finding in decision.undetermined}):
            yield _("{name} is undetermined, but the test expects no undetermined rules.", name=name)
    if "at_most" in expect and (lines := len(duties) + len(advice)) > expect["at_most"]:
        yield _("Duties and advice take {lines} lines, more than {at_most}.", lines=lines, at_most=expect["at_most"])


def owed(decision: Decision) -> set[str]:
    """Return the instruments of the duties of a decision; duties that share one are one line of a report."""
    return {finding.rule.effect.instrument for finding in decision.duties if isinstance(finding.rule.effect, Duty)}


def routes_that_differ(decision: Decision, expect: Fields) -> Iterator[tuple[str, str, str, RouteResult | None]]:
    """Yield subject, route, expected state and result of each route in another state; None for an absent one."""
    results = {
        (f"{service.id}/{activity.cls}", result.rule.effect.name): result
        for service in decision.services
        for activity in service.activities
        for result in activity.routes
        if isinstance(result.rule.effect, Route)
    }
    for subject, wanted in expect.get("routes", {}).items():
        for route, state in wanted.items():
            found = results.get((subject, route))
            if found is None or found.state != state:
                yield subject, route, state, found


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
        if finding.rule.instrument:
            found.add(finding.rule.instrument)
    found |= {finding.rule.name for service in decision.services for finding in service.classified_by}
    return found


def decision_reasons(bundle: Bundle, profile: Profile, as_of: str, expect: Fields) -> Iterator[str]:
    """Yield the reasons for an unexpected decision: for each denial, missing rule and unexpected route."""
    decision, ruleset = evaluate(bundle, profile, as_of), bundle.on(as_of)
    activations = Activations(ruleset, profile, as_of)
    if decision.decision != expect["decision"]:
        for finding in decision.denials:
            yield from explain_state(bundle, ruleset, finding.rule, activations.of(finding.subject))
    seen = names(decision)
    expected = [name for key in ("rules", "advice") for name in expect.get(key, ()) if name not in seen]
    for rule in (rule for policy in bundle.policies.values() for rule in policy.rules if rule.name in expected):
        for each, __, activation in subjects(ruleset, profile, as_of):
            if each == rule.each:
                yield from explain_state(bundle, ruleset, rule, activation)
    for _subject, _route, _state, found in routes_that_differ(decision, expect):
        if found is not None:
            yield from explain_state(bundle, ruleset, found.rule, activations.of(found.subject))
