"""A row of a test changes its own copy of what the case sets, and leaves the other rows alone."""

from __future__ import annotations

from vatspolicy.authoring.testing import cases
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.schemas import SchemaSet

TESTS = b"""\
base: {company: {foreign_percent: 0}, services: [{id: s, offers: [own-shop]}]}
cases:
  - it: reads deals
    as_of: '2026-01-01'
    set: {deals: [{kind: acquisition, target: other}], company.licenses: [{instrument: vats-license, valid: true}]}
    rows:
      - {set: {deals.0.target: company, company.licenses.0.valid: false}, expect: {}}
      - {unset: [deals.0.kind], expect: {}}
      - {expect: {}}
"""


def test_a_row_does_not_change_the_next() -> None:
    document = parse_document(TESTS, "rows.test.yaml")
    found = []
    for _, entry in cases.test_entries(document):
        read = cases.read_case_profile(
            cases.whole_base(document.data["base"]), entry, "rows", SchemaSet.shipped()
        ).document.data
        found.append((read["deals"], read["company"]["licenses"][0]["valid"]))
    assert found == [
        ([{"kind": "acquisition", "target": "company"}], False),
        ([{"target": "other"}], True),
        ([{"kind": "acquisition", "target": "other"}], True),
    ]
