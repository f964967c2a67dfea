"""`vatspolicy waive`: write a waiver, or the grant of an opinion, with the right fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, print_result, refuse_if, warn, write_report
from vatspolicy.cli.context import LawOptions
from vatspolicy.errors import suggest
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Sentences, _, current_language

if TYPE_CHECKING:
    from vatspolicy.core.engine.decision import Decision
    from vatspolicy.core.policies.bundle import Bundle
    from vatspolicy.core.profile.profile import Profile
    from vatspolicy.gate.gate import Gate


def waive(
    *,
    spec: str = opt.argument(opt.REQUIRED, "SPEC", "Product spec."),
    matter: str = opt.argument(
        opt.REQUIRED, "MATTER", "The rule to waive, as policy/rule; or an opinion of the spec to grant, as opinions[0]."
    ),
    law: LawOptions,
    reason: str = opt.option(opt.REQUIRED, "--reason", "Why the finding may stand, or the opinion count.", shown=False),
    approver: str = opt.option(opt.REQUIRED, "--approver", "Who takes the risk.", shown=False),
    ticket: str = opt.option(opt.REQUIRED, "--ticket", "Where it was agreed.", shown=False),
    until: str = opt.option(
        opt.REQUIRED, "--until DAY", "Last day of the waiver or grant.", parse=opt.parse_day, shown=False
    ),
    waivers: Path | None = opt.output(
        None, "--waivers FILE", "File to add a waiver to (default: print it).", shown=False
    ),
    opinions: Path | None = opt.output(
        None, "--opinions FILE", "File to add a granted opinion to (default: print it).", shown=False
    ),
    as_of: str | None = opt.decision(None, "--as-of DAY", "Day of the law, as for check.", parse=opt.parse_day),
) -> None:
    """Write a waiver for the findings of a rule on a spec, or the grant of an opinion that the spec claims.

    Example: vatspolicy waive a.yaml pipl/notice-and-consent --reason '…' --approver kim --ticket A-7 --until 2027-01-31
    """
    from vatspolicy.clock import today
    from vatspolicy.core.profile.profile import load_profile
    from vatspolicy.gate.gate import Gate
    from vatspolicy.gate.waivers.apply import add_entries, entry_text
    from vatspolicy.gate.waivers.load import last_day

    bundle, day = law.load([spec]), today()
    is_opinion = matter.startswith("opinions")
    if (waivers if is_opinion else opinions) is not None:
        abort(_("--waivers adds a waiver, and --opinions adds a granted opinion."))
    if not is_opinion:
        _require_rule(bundle, matter)
    if not all(text.strip() for text in (reason, approver, ticket)):
        abort(_("a waiver needs a reason, an approver and a ticket."))
    if not day <= until <= last_day(day):
        abort(_("a waiver lasts at most one year: {day} to {last}.", day=day, last=last_day(day)))
    profile = load_profile(spec, schemas=bundle.schemas)
    gate = Gate(bundle, day, as_of)
    decision, __ = gate.decide(profile)
    if not is_opinion and bundle.rule(matter).unwaivable:
        abort(_("{rule} cannot be waived.", rule=matter), ExitCode.FAILED)
    if until < max(decision.as_of, profile.launch or ""):
        abort(_("the waiver would end before the day of the decision, {as_of}.", as_of=decision.as_of))
    if is_opinion:
        scopes = _opinion_scope(bundle, profile, gate, decision, matter)
    else:
        scopes = _waiver_scopes(bundle, profile, decision, matter)
    kind, file = ("opinions", opinions) if is_opinion else ("waivers", waivers)
    approval = {"reason": reason, "approver": approver, "ticket": ticket, "granted": day, "expiry": until}
    entries = [{**scope, **approval} for scope in scopes]
    if file is None:
        print_result("".join(entry_text(entry) for entry in entries), machine=True)
        return
    write_report(file, add_entries(file, kind, entries))
    warn(
        _(
            "{waivers}: {count} added. It applies once {approver} is among the approvers of {rule}.",
            waivers=file,
            count=len(entries),
            approver=approver,
            rule=scopes[0]["opinion"]["about"] if is_opinion else matter,
        )
    )


def _require_rule(bundle: Bundle, name: str) -> None:
    names = [rule.name for policy in bundle.policies.values() for rule in policy.rules]
    refuse_if(name not in names, Sentences(_("there is no rule {rule!r}.", rule=name), suggest(name, names)))


def _waiver_scopes(bundle: Bundle, profile: Profile, decision: Decision, rule: str) -> list[dict[str, Any]]:
    """Return rule and scope of a waiver for each finding of a rule."""
    from vatspolicy.gate.waivers.apply import waivable
    from vatspolicy.gate.waivers.fingerprint import fingerprint

    findings = [finding for __, finding in waivable(decision) if finding.rule.name == rule]
    if not findings:
        waiting = any(finding.rule.name == rule for finding in decision.undetermined)
        why = _("a missing fact leaves it undetermined") if waiting else _("it has no finding that fails a gate")
        spec = profile.document.file
        abort(_("{rule} cannot be waived for {spec}: {why}.", rule=rule, spec=spec, why=why), ExitCode.FAILED)
    marks = [fingerprint(bundle, profile, decision.as_of, finding) for finding in findings]
    return [{"rule": rule, "scope": {"product": decision.product, "fingerprint": mark}} for mark in marks]


def _opinion_scope(bundle: Bundle, profile: Profile, gate: Gate, decision: Decision, path: str) -> list[dict[str, Any]]:
    """Return an opinion of the spec with the scope of its grant. End the command if it would have no effect."""
    from vatspolicy.core.engine.opinions import COUNTED
    from vatspolicy.core.profile.opinions import stated
    from vatspolicy.gate.waivers.fingerprint import opinion_fingerprint
    from vatspolicy.reports.decision.digest import READING_WORDS as WORDS

    claims = profile.facts["opinions"]
    index = path.removeprefix("opinions").strip("[.]")
    if not index.isdecimal() or int(index) >= len(claims):
        abort(_("{spec} has no {place}.", spec=profile.document.file, place=path))
    if profile.launch is None:
        abort(_("the spec has no launch day, so it could launch after the last day."))
    claim = claims[int(index)]
    __, record = gate.decide(profile, granted={int(index): None})
    state = record.opinions[int(index)].state
    if state != COUNTED:
        abort(
            _("{place} would not settle anything. {why}", place=path, why=WORDS[state][current_language()]),
            ExitCode.FAILED,
        )
    mark = opinion_fingerprint(bundle, profile, decision.as_of, claim)
    return [{"opinion": stated(claim), "scope": {"product": decision.product, "fingerprint": mark}}]


command = opt.Command(waive, "waive", opt.WRITE, 250)
