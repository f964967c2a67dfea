"""Pages over all policies: the index by topic and by authority, and the calendar of days that change decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vatspolicy.bundle import Bundle
from vatspolicy.pages.parts import both, code, page, page_link, rule_link
from vatspolicy.pages.topics import TOPICS
from vatspolicy.policy import NEVER, Instrument, Policy, Rule
from vatspolicy.report.markdown import escape
from vatspolicy.schema import load_schema
from vatspolicy.vocabulary import label


def index_page(bundle: Bundle) -> str:
    """Every policy by topic, and every instrument by the body that handles it."""
    return page(_index(bundle))


def _index(bundle: Bundle) -> Iterator[str]:
    policies = bundle.policies.values()
    rules = sum(len(policy.rules) for policy in policies)
    yield "# Policies · 政策文件"
    yield ""
    yield (
        f"{len(policies)} policies with {rules} rules; the bundle {bundle.version} speaks of days from "
        f"{bundle.covers_from} on. Days on which decisions change: [calendar](calendar.md)."
    )
    yield "\n## By topic · 按主题"
    for topic, title in TOPICS.items():
        members = sorted((p for p in policies if topic in p.topics), key=lambda p: (p.until != NEVER, p.id))
        if not members:
            continue
        yield f'\n### <a id="topic-{topic}"></a>{both(title)}'
        yield ""
        for policy in members:
            yield f"- {page_link(policy)} · {escape(policy.title['zh'])}, {_period(policy)}"
    yield "\n## By authority · 按机关"
    for body in load_schema("vocabulary")["$defs"]["authority"]["enum"]:
        handled = [item for item in bundle.instruments.values() if any(body in names for _, names in item.authority)]
        if not handled:
            continue
        yield f"\n### {both(label('authority', body))}"
        yield ""
        yield from (_handled(bundle, item, body) for item in sorted(handled, key=lambda item: item.id))


def _period(policy: Policy) -> str:
    return f"since · 自 {policy.since}" if policy.until == NEVER else f"{policy.since} – {policy.until}"


def _handled(bundle: Bundle, instrument: Instrument, body: str) -> str:
    only = all(body in names for _, names in instrument.authority)
    policy = bundle.policies[instrument.policy]
    return f"- {both(instrument.title)}: {page_link(policy)}{'' if only else ' (in some cases · 部分情形)'}"


def calendar_page(bundle: Bundle) -> str:
    """The days on which decisions change, newest first, with what changes."""
    return page(_calendar(bundle))


def _calendar(bundle: Bundle) -> Iterator[str]:
    yield "# Calendar · 变更日历"
    yield ""
    yield (
        "Days on which a rule, a parameter or an edition begins or ends, newest first. A decision of the day itself is "
        "made under the new law; `as_of` the day before, under the old. "
        f"The bundle does not speak of days before {bundle.covers_from}."
    )
    for day in reversed(bundle.boundaries):
        changes = [line for policy in bundle.policies.values() for line in _changes(bundle, policy, day)]
        if changes:
            yield f"\n## {day}"
            yield ""
            yield from changes


def _changes(bundle: Bundle, policy: Policy, day: str) -> Iterator[str]:
    """What a day changes in one policy; nothing for most."""
    begins, ends = policy.since == day, policy.until == day
    details: list[str] = []
    if begins and policy.rules:
        count = sum(rule.since == day for rule in policy.rules)
        earlier = ", ".join(page_link(bundle.policies[id]) for id in policy.supersedes)
        details.append(f"**begins** · 施行: {_rules(count)}" + (f", in place of · 取代 {earlier}" if earlier else ""))
    if ends and policy.rules:
        count = sum(rule.until == day for rule in policy.rules)
        details.append(f"**ends** · 失效: {_rules(count)}")
    details += [f"edition · 新版 {escape(edition.number)}" for edition in policy.editions if edition.since == day]
    for rule in policy.rules:
        details += _rule_changes(rule, day, begins, ends)
    for name, parameter in policy.parameters.items():
        for before, after in zip(parameter.values, parameter.values[1:], strict=False):
            if after.since == day:
                details.append(f"`{name}`: {_difference(before.value, after.value)}")
    if details:
        yield f"- {page_link(policy)} · {escape(policy.title['zh'])}"
        yield from (f"  - {detail}" for detail in details)


def _rules(count: int) -> str:
    return f"{count} rule{'' if count == 1 else 's'}"


def _rule_changes(rule: Rule, day: str, policy_begins: bool, policy_ends: bool) -> Iterator[str]:
    if rule.since == day and not policy_begins:
        yield f"{rule_link(rule.policy, rule.id)} begins · 施行: {both(rule.message)}"
    if rule.until == day and not policy_ends:
        yield f"{rule_link(rule.policy, rule.id)} ends · 失效: {both(rule.message)}"


def _difference(before: Any, after: Any) -> str:
    """What a new value changes: members that come and go, or the old and the new value."""
    if isinstance(before, list) and isinstance(after, list):
        old, new = ([json.dumps(member, ensure_ascii=False) for member in value] for value in (before, after))
        gone, come = [m for m in old if m not in new], [m for m in new if m not in old]
        parts = [
            f"{sign} {', '.join(code(m) for m in members)}"
            for sign, members in (("with", come), ("without", gone))
            if members
        ]
        return "; ".join(parts) or "new order · 顺序变化"
    return f"{code(json.dumps(before, ensure_ascii=False))} → {code(json.dumps(after, ensure_ascii=False))}"
