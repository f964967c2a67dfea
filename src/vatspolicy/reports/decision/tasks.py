"""Tasks of a decision: licenses to get and duties, each once, in the order of their deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vatspolicy.core.engine.result import Citation, Duty, Need, Record
from vatspolicy.core.policies.deadlines import GROUPS
from vatspolicy.reports.decision.digest import merge_citations, merge_duties, waived_mark
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.formats.templating import render_markdown

_OWN = ("self",)
"""Authority of records that a company keeps on file; they come last."""


@dataclass
class Item:
    """A task."""

    title: str
    bodies: tuple[str, ...]
    body_names: str
    when: str
    """The deadline with its last day, or when it was done."""
    rule: str
    """The deadline as the law words it."""
    group: str
    day: str | None
    done: bool = False
    message: str = ""
    ways: list[str] = field(default_factory=list)
    """Titles of further ways to meet a need, for licenses."""
    citations: Sequence[Citation] = ()
    license: bool = False


def items(record: Record, say: Sentences) -> list[Item]:
    """Return licenses to get, then duties, each once for each group of deadlines, in their order."""
    found = [_license(finding, record, say) for finding in record.licenses]
    for group in GROUPS:
        duties = merge_duties(duty for duty in record.duties if duty.deadline.group == group)
        found += [_duty(duty, say) for duty in duties]
    return found


def _license(finding: Need, record: Record, say: Sentences) -> Item:
    offers = finding.offers
    ways = []
    for offer in offers:
        text = say.text(offer.instrument.title)
        if offer.route is not None:
            way = say.phrase("route", route=say.text(finding.route(offer.route).title))
            text += say.aside(f"{offer.class_}{say.comma}{way}")
        ways.append(text)
    service = finding.subject.service
    return Item(
        title=(f"{service}{say.colon}" if service else "")
        + (ways[0] if len(ways) == 1 else say.text(finding.message))
        + waived_mark(finding, say.lang),
        bodies=tuple(body.id for body in offers[0].authority),
        body_names=say.bodies(offers[0].authority),
        when=say.html("to_get"),
        rule=say.html("to_get"),
        group="before-launch",
        day=record.launch,
        message=say.text(finding.message) if len(ways) == 1 else say.html("one_of", count=len(ways)),
        ways=[f"{way}{say.comma}{say.bodies(offer.authority)}" for way, offer in zip(ways, offers, strict=True)]
        if len(ways) > 1
        else [],
        citations=finding.citations,
        license=True,
    )


def _duty(duty: Duty, say: Sentences) -> Item:
    deadline, done = duty.deadline, duty.state == "done"
    when = say.text(deadline.text)
    if deadline.date:
        when += say.aside(say.phrase("by", day=deadline.date))
    if duty.bearer == "partner":
        when += f"{say.comma}{say.phrase('bearer')}"
    return Item(
        title=say.text(duty.instrument.title),
        bodies=tuple(body.id for body in duty.authority),
        body_names=say.bodies(duty.authority),
        when=say.phrase("done", day=duty.done_on) if done else when,
        rule=say.text(deadline.text),
        group=deadline.group,
        day=deadline.date,
        done=done,
        message=say.text(duty.message),
        citations=duty.citations,
    )


def checklist(record: Record, say: Sentences) -> str:
    """Return licenses and duties before the launch as a task list in Markdown; empty if there is none."""
    found = [item for item in items(record, say) if item.group == "before-launch"]
    if not found:
        return ""
    head = say.html("before_launch_by", day=record.launch) if record.launch else say.html("before_launch")
    text = render_markdown(
        "decision/checklist.md.j2", record=record, facts=lambda item: _facts(item, say), head=head, items=found, say=say
    )
    return text.replace("\\(", "(").replace(
        "\\)", ")"
    )  # readable unrendered; behind an escaped bracket they link nothing


def _facts(item: Item, say: Sentences) -> list[str]:
    """Return the authority of a task, when it was done, and its law."""
    law = merge_citations(item.citations, say.lang, False)
    return [item.body_names, *([item.when] if item.done else []), *law]


def by_authority(found: Iterable[Item]) -> list[list[Item]]:
    """Return tasks by authority; records that the company keeps on file come last."""
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in found:
        groups.setdefault(item.bodies, []).append(item)
    return [groups[bodies] for bodies in sorted(groups, key=lambda bodies: bodies == _OWN)]


def by_day(found: Iterable[Item]) -> dict[str, list[Item]]:
    """Return open tasks with a day, by day."""
    days: dict[str, list[Item]] = {}
    for item in found:
        if item.day and not item.done:
            days.setdefault(item.day, []).append(item)
    return dict(sorted(days.items()))


def without_day(found: Iterable[Item]) -> dict[str, dict[str, list[Item]]]:
    """Return open tasks without a day, by group and wording of the deadline."""
    groups: dict[str, dict[str, list[Item]]] = {}
    for item in found:
        if not item.day and not item.done:
            groups.setdefault(item.group, {}).setdefault(item.when, []).append(item)
    return {group: groups[group] for group in GROUPS if group in groups}
