"""Pages over all policies: the index by topic and by authority, and the calendar of days that change decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import NEVER, Instrument, Policy
from vatspolicy.profile.vocabulary import label
from vatspolicy.reports.formats.markdown import code, escape
from vatspolicy.reports.policy.changes import Changes, days_of_change, members_changed
from vatspolicy.reports.policy.parts import both, page, page_link, rule_link
from vatspolicy.reports.policy.topics import TOPICS


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
    for body in SchemaSet.shipped().load("vocabulary")["$defs"]["authority"]["enum"]:
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
    for day, changes in days_of_change(bundle):
        yield f"\n## {day}"
        yield ""
        for found in changes:
            yield f"- {page_link(found.policy)} · {escape(found.policy.title['zh'])}"
            yield from (f"  - {detail}" for detail in _details(bundle, found))


def _details(bundle: Bundle, found: Changes) -> Iterator[str]:
    """What a day changes in one policy."""
    if found.begins is not None:
        earlier = ", ".join(page_link(bundle.policies[id]) for id in found.policy.supersedes)
        yield f"**begins** · 施行: {_rules(found.begins)}" + (f", in place of · 取代 {earlier}" if earlier else "")
    if found.ends is not None:
        yield f"**ends** · 失效: {_rules(found.ends)}"
    yield from (f"edition · 新版 {escape(edition.number)}" for edition in found.editions)
    for rule, begins in found.rules:
        word = "begins · 施行" if begins else "ends · 失效"
        yield f"{rule_link(rule.policy, rule.id)} {word}: {both(rule.message)}"
    yield from (f"`{name}`: {_difference(before, after)}" for name, before, after in found.values)


def _rules(count: int) -> str:
    return f"{count} rule{'' if count == 1 else 's'}"


def _difference(before: Any, after: Any) -> str:
    """What a new value changes: members that come and go, or the old and the new value."""
    members = members_changed(before, after)
    if members is None:
        return f"{code(json.dumps(before, ensure_ascii=False))} → {code(json.dumps(after, ensure_ascii=False))}"
    parts = [
        f"{sign} {', '.join(code(member) for member in found)}"
        for sign, found in zip(("with", "without"), members, strict=True)
        if found
    ]
    return "; ".join(parts) or "new order · 顺序变化"
