"""`vatspolicy waive`: write a waiver with the right fingerprint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, print_result, warn, write_report
from vatspolicy.cli.context import LawOptions
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import DECISION, OUTPUT, WRITE, parse_day
from vatspolicy.errors import suggest
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Sentences, _


def waive(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Product spec.", show_default=False)],
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule, as policy/rule.", show_default=False)],
    law: LawOptions,
    reason: Annotated[str, typer.Option(help="Why the finding may stand.", show_default=False)],
    approver: Annotated[str, typer.Option(help="Who takes the risk.", show_default=False)],
    ticket: Annotated[str, typer.Option(help="Where it was agreed.", show_default=False)],
    until: Annotated[
        str,
        typer.Option(metavar="DAY", callback=parse_day, help="Last day of the waiver.", show_default=False),
    ],
    waivers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File to add it to (default: print it).", rich_help_panel=OUTPUT, show_default=False
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DAY", callback=parse_day, help="Day of the law, as for check.", rich_help_panel=DECISION),
    ] = None,
) -> None:
    """Write a waiver for the findings of a rule on a spec.

    Example: vatspolicy waive a.yaml pipl/notice-and-consent --reason '…' --approver kim --ticket A-7 --until 2027-01-31
    """
    from vatspolicy.clock import today
    from vatspolicy.gate.gate import Gate
    from vatspolicy.gate.waivers import fingerprint, last_day, waivable
    from vatspolicy.gate.waivers.writer import add_waivers, entry_text
    from vatspolicy.profile.profile import load_profile

    bundle, day = law.load([spec]), today()
    names = [one.name for policy in bundle.policies.values() for one in policy.rules]
    if rule not in names:
        abort(Sentences(_("there is no rule {rule!r}.", rule=rule), suggest(rule, names)))
    if not all(text.strip() for text in (reason, approver, ticket)):
        abort(_("a waiver has a reason, an approver and a ticket."))
    if not day <= until <= last_day(day):
        abort(_("a waiver ends within a year: {day} to {last}.", day=day, last=last_day(day)))
    profile = load_profile(spec, schemas=bundle.schemas)
    decision, __ = Gate(bundle, day, as_of).decide(profile)
    if bundle.rule(rule).unwaivable:
        abort(_("{rule} cannot be waived.", rule=rule), ExitCode.FAILED)
    if until < decision.as_of:
        abort(_("the waiver would end before the day decided, {as_of}.", as_of=decision.as_of))
    found = [finding for __, finding in waivable(decision) if finding.rule.name == rule]
    if not found:
        waiting = any(finding.rule.name == rule for finding in decision.undetermined)
        why = _("a missing fact leaves it undetermined") if waiting else _("it finds nothing that a gate could fail on")
        abort(_("{rule} cannot be waived for {spec}: {why}.", rule=rule, spec=spec, why=why), ExitCode.FAILED)
    entries = [
        {
            "rule": rule,
            "scope": {
                "product": decision.product,
                "fingerprint": fingerprint(bundle, profile, decision.as_of, finding),
            },
            "reason": reason,
            "approver": approver,
            "ticket": ticket,
            "granted": day,
            "expiry": until,
        }
        for finding in found
    ]
    if waivers is None:
        print_result("".join(entry_text(entry) for entry in entries), machine=True)
        return
    write_report(waivers, add_waivers(waivers, entries))
    warn(
        _(
            "{waivers}: {count} added. It applies once {approver} is among the approvers of {rule}.",
            waivers=waivers,
            count=len(entries),
            approver=approver,
            rule=rule,
        )
    )


command = Command(waive, "waive", WRITE)
