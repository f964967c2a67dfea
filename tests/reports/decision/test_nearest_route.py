"""The nearest route is said once, in the record: the terminal, the page and `routes` name the same one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import gt

from tests.support.effort import LONG, part
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.engine.result import NeedRecord, Record
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate
from vatspolicy.i18n.text import clean
from vatspolicy.reports.decision import render
from vatspolicy.reports.decision.html import fragment
from vatspolicy.reports.printers.escapes import escape_html

PLACES = ("wuhan", "shanghai", "beijing")


def denied() -> Iterator[tuple[str, Record, NeedRecord]]:
    """Yield each need that no route answers: of the fixtures with a foreign partnership in several places."""
    gate = Gate(shipped_bundle(), TODAY, TODAY, allow_past=True)
    for path in part(fixture_files(), 6):
        for share in (49, 51, 100):
            for place in PLACES:
                changes = [
                    ("company.foreign_percent", share),
                    ("company.legal_form", "partnership"),
                    ("company.registered", {"at": place, "ftz": "none"}),
                ]
                try:
                    record = gate.decide(load_profile(path, changes))[1]
                except InvalidInput:  # the share contradicts what the spec says of its investors
                    continue
                for finding in record.denials:
                    if isinstance(finding, NeedRecord) and finding.routes:
                        yield f"{path.stem} {share} {place}", record, finding


def test_every_report_names_the_nearest_route_of_the_record() -> None:
    found, shown, by_count = 0, 0, 0
    for name, record, need in denied():
        found += 1
        nearest, routes = need.nearest_route, need.routes or ()
        assert nearest is not None, name
        assert nearest == routes[0], (name, "the routes of the record begin with it, and `routes` lists them so")
        [activity] = [
            one
            for service in record.services
            if service.id == need.subject.service
            for one in service.activities
            if one.class_ == need.subject.class_
        ]
        assert activity.routes[0].rule == nearest.rule, name
        fewest = min(routes, key=lambda route: len(route.failing) + route.share_too_high)
        by_count += fewest.rule != nearest.rule
        if fewest.rule == nearest.rule and found % 40:  # where counting alone says the same, a sample is enough
            continue
        shown += 1
        alone = replace(record, denials=(need,))
        terminal = " ".join(render("text", [alone], "en", room=2000, extent="screen").split())
        assert f"nearest way: {clean(nearest.title['en'])}; not met: " in terminal, name
        assert f"Nearest route: {escape_html(nearest.title['en'])}. Not met: " in fragment(alone, "en", "d-"), name
    least = (300, 20, 20) if LONG else (50, 3, 3)
    assert all(map(gt, (found, shown, by_count), least)), (found, shown, by_count)
