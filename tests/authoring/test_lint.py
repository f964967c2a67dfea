"""Lint: each finding is shown by a policy that breaks one thing, and a clean policy has none."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import write_policy
from tests.support.shipped import ROOT
from tests.support.specs import SHOP
from vatspolicy.authoring import scaffold
from vatspolicy.authoring.lint.catalogue import RULES
from vatspolicy.authoring.lint.fixes import fix_files
from vatspolicy.authoring.lint.policy_checks import ORDER
from vatspolicy.authoring.lint.run import LintReport, run_lint
from vatspolicy.authoring.lint.schema_checks import validity
from vatspolicy.authoring.quotations import numbers_in, quote_hash
from vatspolicy.authoring.testing.cases import policy_cases
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n.lint import faults

VERIFIED = f"{{day: '2026-01-01', against: a page, hash: {quote_hash('某事。')}}}"
CLEAN = """\
id: clean
version: 1.0.0
title: {en: Clean, zh: 整洁}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 零号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Something., zh: 某事。, verification: primary}
  practice: {label: {en: practice, zh: 实践}, en: Something else., verification: secondary, obtain: {en: Ask., zh: 请咨询。}}
instruments:
  icp-filing: {title: {en: Filing, zh: 备案}, authority: [{when: 'true', is: cac}]}
parameters:
  most: {title: {en: Most, zh: 上限}, values: [{from: '2020-01-01', cite: art-1, value: 50.0}]}
terms:
  foreign: company.foreign_percent > param.most
rules:
  - id: file
    cite: [art-1]
    each: product
    when: term.foreign
    duty: {instrument: icp-filing, due: {before: launch}}
    message: {en: File., zh: 备案。}
  - id: classes
    cite: [practice]
    each: service
    until: '2030-01-01'
    when: '"saas" in service.offers'
    classify: {classes: not-telecommunications}
    readings:
      why: {en: Nobody rules it out., zh: 无人反对。}
      settled_by: {en: An answer., zh: 主管机关的答复。}
      others: [{class: B22, held_by: {en: some, zh: 有人}}]
    message: {en: Software., zh: 软件。}
verified:
  art-1: VERIFIED
tests:
  base:
    company: {foreign_percent: 60, foreign_percent_basis: ultimate}
    services: [{id: s, offers: [saas]}]
  cases:
    - {it: applies above, as_of: '2026-01-01', expect: {file: fires, classes: fires}}
    - {it: is silent below, as_of: '2026-01-01', set: {company.foreign_percent: 50, services.0.offers: [cdn]}, expect: {file: silent, classes: silent}}
    - {it: asks, as_of: '2026-01-01', unset: [company.foreign_percent, services.0.offers], expect: {file: unknown, classes: unknown}}
""".replace("VERIFIED", VERIFIED)


def linted(folder: Path, text: str, fixtures: Path | None = None, schemas: SchemaSet | None = None) -> LintReport:
    folder.mkdir(exist_ok=True)
    (folder / "bundle.yaml").write_text(scaffold.bundle())
    write_policy(folder / "clean.yaml", text)
    return run_lint(load_bundle(folder, schemas), fixtures)


def findings(folder: Path, text: str, fixtures: Path | None = None, schemas: SchemaSet | None = None) -> list[str]:
    report = linted(folder, text, fixtures, schemas)
    return [re.sub(r"^[^ ]*/", "", str(finding.problem)) for finding in report.findings]


def test_a_clean_policy_has_no_finding(tmp_path: Path) -> None:
    assert findings(tmp_path / "law", CLEAN) == []


SOURCE = CLEAN[CLEAN.index("source:") : CLEAN.index("instruments:")]
_INSTRUMENT = """\
instruments:
  icp-filing: {title: {en: Filing, zh: 备案}, authority: [{when: 'true', is: cac}]}
"""
_TO_RULE = CLEAN[CLEAN.index("parameters:") : CLEAN.index("    duty:")]
UNMET = _INSTRUMENT + _TO_RULE + "    duty: {instrument: icp-filing, due: {before: launch}}\n"
NEEDING = (
    _INSTRUMENT.replace("icp-filing", "game-approval").replace("}]}", "}]COVERS}")
    + _TO_RULE
    + "    need: {instrument: game-approval}\n"
)
"""The instrument and the rule of the policy with a need in place of its duty."""

_BLOCK = f"verified:\n  art-1: {VERIFIED}\n"
_FROM_QUOTE = CLEAN[CLEAN.index("zh: 某事。") : CLEAN.index("tests:")]

FINDINGS = {
    "order of keys": (
        "key-order",
        "version: 1.0.0\ntitle: {en: Clean, zh: 整洁}\n",
        "title: {en: Clean, zh: 整洁}\nversion: 1.0.0\n",
        "clean.yaml:2:1: title: The keys of a policy have a fixed order. The order is id, version, title, ",
    ),
    "not translated": (
        "translation",
        "title: {en: Clean, zh: 整洁}",
        "title: {en: Clean, zh: Clean}",
        "clean.yaml:3:24: title.zh: The Chinese text equals the English text.",
    ),
    "no Chinese": (
        "translation",
        "message: {en: File., zh: 备案。}",
        "message: {en: File., zh: file}",
        "clean.yaml:22:30: rules[0].message.zh: The Chinese text contains no Chinese characters.",
    ),
    "Chinese in English": (
        "translation",
        "message: {en: File., zh: 备案。}",
        "message: {en: File 备案., zh: 备案。}",
        "clean.yaml:22:19: rules[0].message.en: The English text contains Chinese characters.",
    ),
    "message": (
        "message-repeats-article",
        "message: {en: File., zh: 备案。}",
        "message: {en: something, zh: 备案。}",
        "clean.yaml:22:19: rules[0].message.en: The message repeats the article. Write what the product team does.",
    ),
    "Chinese message": (
        "message-repeats-article",
        "message: {en: File., zh: 备案。}",
        "message: {en: File., zh: 某事}",
        "clean.yaml:22:30: rules[0].message.zh: The message repeats the article. Write what the product team does.",
    ),
    "label": (
        "label-missing",
        "practice: {label: {en: practice, zh: 实践}, en:",
        "practice: {en:",
        "clean.yaml:9:3: articles.practice: A key that is not an article number needs a label. Add label: {en, zh}.",
    ),
    "primary without words": (
        "primary-without-quote",
        _FROM_QUOTE,
        _FROM_QUOTE.replace("zh: 某事。, ", "").replace(_BLOCK, ""),
        "clean.yaml:8:3: articles.art-1: An article of this grade quotes the Chinese text. Add zh, or call it secondary.",
    ),
    "primary without a hash": (
        "quote-not-verified",
        _BLOCK,
        "",
        "clean.yaml:8:3: articles.art-1: This article must record the text and the day of its verification. ",
    ),
    "a copy without an address": (
        "copy-without-address",
        "verification: primary",
        "verification: copy",
        "clean.yaml:8:3: articles.art-1: A copy must state the address where others can read it. ",
    ),
    "unwaivable without a primary article": (
        "unwaivable-not-primary",
        "    classify: {classes: not-telecommunications}\n",
        "    unwaivable: true\n    classify: {classes: not-telecommunications}\n",
        (
            "clean.yaml:28:17: rules[1].unwaivable: This rule cites no primary article, so an approver must be "
            "able to waive it. Raise one of them (practice), or remove the mark."
        ),
    ),
    "a quote that changed": (
        "quote-changed",
        "zh: 某事。",
        "zh: 某物。",
        "clean.yaml:8:31: articles.art-1.zh: The quote changed after it was verified. Compare it again: ",
    ),
    "verified without a quote": (
        "verified-without-quote",
        _BLOCK,
        f"{_BLOCK}  practice: {{against: a page}}\n",
        "clean.yaml:36:3: verified.practice: Only a Chinese quote can be verified.",
    ),
    "number of the document": (
        "source-number-missing",
        ", number: 零号",
        "",
        "clean.yaml:5:9: source: The source has no document number. Write the number, or a note that explains why it is missing.",
    ),
    "text that nobody has": (
        "text-nowhere",
        SOURCE,
        SOURCE.replace("number: 零号", "note: 无").replace(", obtain: {en: Ask., zh: 请咨询。}", ""),
        "clean.yaml:9:3: articles.practice: Nobody can find the text of this article. Add url, or name a holder",
    ),
    "figure": (
        "number-in-expression",
        "company.foreign_percent > param.most",
        "company.foreign_percent > 51.0 || company.foreign_percent > param.most",
        "clean.yaml:15:38: terms.foreign: No cited article states this number. Cite the article, or use a parameter.",
    ),
    "figure in a rule": (
        "number-in-expression",
        "    when: term.foreign\n",
        "    when: term.foreign && company.foreign_percent < 99.0\n",
        "clean.yaml:20:11: No cited article states this number. Cite the article, or use a parameter.",
    ),
    "list in a rule": (
        "number-in-expression",
        """    when: '"saas" in service.offers'\n""",
        """    when: service.offers.exists(o, o in ["saas"])\n""",
        "clean.yaml:27:11: A list in an expression must be a parameter, with dates and citations.",
    ),
    "never applies": (
        "untested",
        "expect: {file: fires, classes: fires}",
        "set: {company.foreign_percent: 10}, expect: {file: silent, classes: fires}",
        "clean.yaml:17:5: rules[0]: No test shows file applying.",
    ),
    "never silent": (
        "untested",
        "set: {company.foreign_percent: 50, services.0.offers: [cdn]}, expect: {file: silent, classes: silent}",
        "set: {services.0.offers: [cdn]}, expect: {classes: silent}",
        "clean.yaml:17:5: rules[0]: No test shows file not applying.",
    ),
    "never asks": (
        "untested",
        "unset: [company.foreign_percent, services.0.offers], expect: {file: unknown, classes: unknown}",
        "unset: [company.foreign_percent], expect: {file: unknown}",
        "clean.yaml:23:5: rules[1]: No test shows classes undecided for a missing fact.",
    ),
    "parameter": (
        "unused-parameter",
        "terms:\n",
        "  spare: {title: {en: Spare, zh: 备用}, values: [{from: '2020-01-01', cite: art-1, value: 1}]}\nterms:\n",
        "clean.yaml:14:3: parameters.spare: No expression reads this parameter.",
    ),
    "term": (
        "unused-term",
        "    when: term.foreign\n",
        "    when: company.foreign_percent > param.most\n",
        "clean.yaml:15:3: terms.foreign: No expression uses this term.",
    ),
    "instrument": (
        "unused-instrument",
        "parameters:\n",
        "  spare-filing: {title: {en: Spare, zh: 备用}, authority: [{when: 'true', is: cac}]}\nparameters:\n",
        "clean.yaml:12:3: instruments.spare-filing: No rule uses this instrument.",
    ),
    "instrument that covers no product": (
        "unmeetable",
        UNMET,
        NEEDING.replace("COVERS", ", covers: 'activity.class in license.classes && license.valid'"),
        "clean.yaml:21:24: rules[0].need.instrument: No license (game-approval) can cover the subject of this rule.",
    ),
    "instrument that covers nothing": (
        "unmeetable",
        UNMET,
        NEEDING.replace("COVERS", ", covers: '!(license.valid || !false)'"),
        "clean.yaml:21:24: rules[0].need.instrument: No license (game-approval) can cover the subject of this rule.",
    ),
}

REGIONS = """\
parameters:
  zones:
    title: {en: Zones, zh: 地区}
    values:
      - {from: '2020-01-01', cite: art-1, value: [{id: beijing, places: [beijing, LAST]}, {id: of-its-own, places: [beijing]}]}
"""
CLOSED = """\
rules:
  - {id: first, cite: [art-1], each: product, when: 'true', deny: {reason: PROHIBITED-SECTOR}, unwaivable: true, message: {en: No., zh: 不可。}}
  - {id: second, cite: [CITED], each: product, when: 'true', deny: {reason: PROHIBITED-SECTOR}, message: {en: Not so., zh: 不行。}}
"""


@pytest.mark.parametrize(("last", "found"), [("shanghai", ["shanghai does not lie in beijing."]), ("beijing", [])])
def test_a_place_in_the_wrong_region_is_a_finding(tmp_path: Path, last: str, found: list[str]) -> None:
    text = CLEAN.replace("parameters:\n", REGIONS.replace("LAST", last))
    told = [f for f in linted(tmp_path / "law", text).findings if f.rule == "place-outside"]
    assert [f.problem.message for f in told] == found
    assert all("parameters.zones.values[0].value[0].places" in str(f.problem) for f in told)


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ("company.registered_capital_rmb < 1", True),
        ("operator.registered_capital_rmb < 1", False),
        ('service.operated_by == "partner" && company.foreign_percent > 0.0', False),
        ("term.by_partner && company.foreign_percent > 0.0", False),
        ("term.poor", True),
        ("term.foreign_company", False),
    ],
)
def test_a_rule_about_a_service_that_reads_its_company_in_any_case_is_a_finding(
    tmp_path: Path, when: str, found: bool
) -> None:
    """A term about the company alone is for rules about products, too."""
    terms = {
        "by_partner": 'service.operated_by == "partner"',
        "poor": 'service.audience != "own-group" && company.registered_capital_rmb < 1',
        "foreign_company": "company.foreign_percent > 0.0",
    }
    used = "".join(f"  {name}: {text}\n" for name, text in terms.items() if f"term.{name}" in when)
    rule = f"  - id: a\n    cite: [art-1]\n    each: service\n    when: '{when}'\n    deny: {{reason: NOT-READY}}\n"
    rule += "    message: {en: No., zh: 不可。}\n"
    text = CLEAN.replace("terms:\n", f"terms:\n{used}").replace("rules:\n", f"rules:\n{rule}")
    told = [f.problem for f in linted(tmp_path / "law", text).findings if f.rule == "company-fact"]
    place = "terms.poor" if when == "term.poor" else "rules[0]"
    assert [(one.path, one.message) for one in told] == ([(place, OF_COMPANY)] if found else [])


OF_COMPANY = "A partner may operate the service, and this reads a fact of the company."
NOT_NAMED = "The tests show {}, and none expects anything of it."
NO_DAY = "No text states the day {}."
OTHER_NUMBER, NO_NUMBER = "The rule compares with another number.", "No cited article states this number."
OTHER_UNIT = "The deadline is {}, and its texts say {}."
UNLIKE = "The other denials that are alike have another `{}`."
STATED = """
  art-2: {en: 'The report is filed within thirty working days, at a capital of RMB 2 million.', verification: secondary, obtain: {en: Ask., zh: 请咨询。}}
instruments:
"""
LIMITED = """\
rules:
  - {id: limited, cite: [CITED], each: product, when: company.registered_capital_rmb < 2000000, REASON, message: {en: MESSAGE, zh: 不可。}}
"""


@pytest.mark.parametrize(
    ("cited", "effect", "message", "found"),
    [
        ("art-2", "deny: {reason: CAPITAL-TOO-LOW, curable: true}", "At least RMB 2 million.", {}),
        ("art-2", "deny: {reason: CAPITAL-TOO-LOW, curable: true}", "At least RMB 20 million.", {"message-number": OTHER_NUMBER}),
        ("practice", "deny: {reason: CAPITAL-TOO-LOW, curable: true}", "At least RMB 2 million.", {"message-number": NO_NUMBER}),
        ("practice", "advise: {kind: note}", "At least RMB 2 million.", {}),
        ("art-2", "duty: {instrument: icp-filing, due: {within: 30, unit: working-day, after: launch}}", "File.", {}),
        (
            "art-2",
            "duty: {instrument: icp-filing, due: {within: 30, unit: calendar-day, after: launch}}",
            "File.",
            {"deadline-differs": OTHER_UNIT.format("calendar-day", "working-day")},
        ),
        ("practice", "duty: {instrument: icp-filing, due: {within: 30, unit: calendar-day, after: launch}}", "File.", {}),
        (
            "practice",
            "duty: {instrument: icp-filing, due: {within: 3, unit: hour, after: launch}}",
            "File within three days.",
            {"deadline-differs": OTHER_UNIT.format("hour", "calendar-day")},
        ),
        ("practice", "duty: {instrument: icp-filing, due: {every: year, by: '03-31'}}", "File.", {}),
        ("practice", "duty: {instrument: icp-filing, due: {every: year, by: '03-13'}}", "File by 13 March.", {}),
        (
            "practice",
            "duty: {instrument: icp-filing, due: {every: year, by: '03-13'}}",
            "File.",
            {"deadline-differs": NO_DAY.format("03-13")},
        ),
        (
            "practice",
            "duty: {instrument: icp-filing, due: {before: change}}",
            "File before the launch.",
            {"deadline-differs": OTHER_UNIT.format("change", "launch")},
        ),
    ],
)  # fmt: skip
def test_numbers_and_units_agree_with_the_articles_and_the_message(
    tmp_path: Path, cited: str, effect: str, message: str, found: dict[str, str]
) -> None:
    rule = LIMITED.replace("CITED", cited).replace("REASON", effect).replace("MESSAGE", f"'{message}'")
    text = (
        CLEAN.replace("\ninstruments:\n", STATED)
        .replace("cite: art-1, value", "cite: [art-1, art-2], value")
        .replace("rules:\n", rule)
    )
    kinds = ("message-number", "deadline-differs")
    told = {f.rule: f.problem.message for f in linted(tmp_path / "law", text).findings if f.rule in kinds}
    assert told == found


def test_a_rule_that_tests_show_beside_others_is_untested_if_none_names_it(tmp_path: Path) -> None:
    """A copy of a rule has the states of the original in every test."""
    rule = CLEAN[CLEAN.index("  - id: file\n") : CLEAN.index("  - id: classes\n")]
    copied = CLEAN.replace(rule, rule + rule.replace("id: file", "id: copy"))
    told = [f.problem.message for f in linted(tmp_path / "law", copied).findings if f.rule == "untested"]
    assert told == [NOT_NAMED.format("copy")]
    named = copied.replace("expect: {file: fires,", "expect: {copy: fires, file: fires,")
    assert "untested" not in [f.rule for f in linted(tmp_path / "named", named).findings]


@pytest.mark.parametrize(("others", "found"), [(3, True), (2, False)])
@pytest.mark.parametrize(("own", "key"), [("NOT-READY", "curable"), ("DISCREDITED, curable: true", "reason")])
def test_a_denial_unlike_all_others_is_a_finding(tmp_path: Path, others: int, found: bool, own: str, key: str) -> None:
    """For one reason in `curable`, on one article in the reason. Two others may be chance."""
    denials = "".join(
        f"  - {{id: d{number}, cite: [art-1], each: product, when: 'true', message: {{en: No., zh: 不可。}}, "
        f"deny: {{reason: {'NOT-READY, curable: true' if number else own}}}}}\n"
        for number in range(others + 1)
    )
    told = [
        (f.problem.path, f.problem.message)
        for f in linted(tmp_path / "law", CLEAN.replace("rules:\n", f"rules:\n{denials}")).findings
        if f.rule == "denial-differs"
    ]
    assert told == ([("rules[0].deny", UNLIKE.format(key))] if found else [])


@pytest.mark.parametrize(("cited", "found"), [("art-1", ["rules[1]"]), ("practice", [])])
def test_a_rule_without_the_mark_of_its_neighbor_is_a_finding(tmp_path: Path, cited: str, found: list[str]) -> None:
    """A mark that is taken out beside one that stays; rules on another article may differ."""
    text = CLEAN.replace("rules:\n", CLOSED.replace("CITED", cited))
    told = [f.problem for f in linted(tmp_path / "law", text).findings if f.rule == "unwaivable-missing"]
    assert [problem.path for problem in told] == found
    assert all("but not first, which has the same effect." in problem.message for problem in told)


def test_a_need_that_no_profile_can_meet_is_a_finding(tmp_path: Path) -> None:
    """The loader adds the instruments of policies to the list of the profile schema, if the list is named so."""
    text = CLEAN.replace(UNMET, NEEDING.replace("COVERS", "").replace("game-approval", "own-approval"))
    assert [f.rule for f in linted(tmp_path / "law", text).findings if f.rule == "unmeetable"] == []
    shipped = SchemaSet.shipped()
    profile = shipped.files["profile.schema.json"].replace(b'"x-list": "instruments",', b"")
    other = SchemaSet({**shipped.files, "profile.schema.json": profile})
    [found] = [f for f in linted(tmp_path / "other", text, schemas=other).findings if f.rule == "unmeetable"]
    assert found.problem.path == "rules[0].need.instrument"
    assert "own-approval cannot be held" in found.problem.message


@pytest.mark.parametrize(
    "covers",
    [
        "",
        ", covers: 'activity.class in license.classes || license.valid'",
        ", covers: '!(license.valid && service.resells_carrier)'",
        ", covers: 'license.classes.all(c, c == activity.class)'",
    ],
)
def test_an_instrument_that_a_license_can_cover_is_no_finding(tmp_path: Path, covers: str) -> None:
    told = findings(tmp_path / "law", CLEAN.replace(UNMET, NEEDING.replace("COVERS", covers)))
    assert [one for one in told if "license" in one.casefold()] == []


@pytest.mark.parametrize(
    ("stated", "number", "clean"),
    [
        ("From 50 percent on.", "50.0", True),
        ("Half, that is 50 percent.", "50.0", True),
        ("A share of 49.5 percent.", "49.5", True),
        ("A share of 49.5 percent.", "49.0", False),
        ("Article 1 says so.", "50.0", False),
    ],
)
def test_a_number_of_a_cited_article_may_stand_in_an_expression(
    tmp_path: Path, stated: str, number: str, clean: bool
) -> None:
    text = CLEAN.replace("en: Something.,", f"en: '{stated}',")
    text = text.replace("    when: term.foreign\n", f"    when: term.foreign && company.foreign_percent > {number}\n")
    assert ([one for one in findings(tmp_path / "law", text) if "number" in one] == []) is clean


def test_the_article_has_to_be_cited_by_the_rule(tmp_path: Path) -> None:
    text = CLEAN.replace("en: Something else.,", "en: From 50 percent on.,")
    text = text.replace("    when: term.foreign\n", "    when: term.foreign && company.foreign_percent > 50.0\n")
    [found] = findings(tmp_path / "law", text)
    assert found.startswith("clean.yaml:20:11: No cited article states this number.")
    assert findings(tmp_path / "cited", text.replace("cite: [art-1]", "cite: [art-1, practice]")) == []


def test_numbers_are_read_as_articles_write_them() -> None:
    text = "100万人以上，5000万元，10亿元，51%；RMB 1 million, 10,000,000 yuan, ten million, two thousand, 2.5 percent, once"
    assert sorted(numbers_in(text)) == [2.5, 51, 2000, 10**6, 10**7, 5 * 10**7, 10**9]


@pytest.mark.parametrize("cite", ["art-1", "practice, art-1"])
def test_one_primary_article_is_enough_for_a_rule_that_cannot_be_waived(tmp_path: Path, cite: str) -> None:
    rule = "    cite: [art-1]\n    each: product\n    when: term.foreign\n"
    text = CLEAN.replace(rule, rule.replace("art-1", cite) + "    unwaivable: true\n")
    assert findings(tmp_path / "law", text) == []


@pytest.mark.parametrize(
    ("source", "article"),
    [("number: 零号", ""), ("promulgated: '2020-01-01', note: 无", ""), ("url: 'https://www.gov.cn/x', note: 无", ""),
     ("note: 无", ", url: 'https://www.gov.cn/x'"), ("note: 无", ", obtain: {en: Ask., zh: 请咨询。}")],
)  # fmt: skip
def test_an_address_or_whoever_has_the_text_is_enough(tmp_path: Path, source: str, article: str) -> None:
    text = CLEAN.replace("number: 零号", source).replace(", obtain: {en: Ask., zh: 请咨询。}", article)
    assert findings(tmp_path / "law", text) == []


@pytest.mark.parametrize("name", FINDINGS)
def test_each_finding(tmp_path: Path, name: str) -> None:
    id, old, new, expected = FINDINGS[name]
    assert CLEAN.count(old) == 1
    report = linted(tmp_path / "law", CLEAN.replace(old, new.replace("COVERS", "")))
    [found] = report.findings
    assert (found.rule, found.level, report.exit_code) == (id, "error", 1)
    assert re.sub(r"^[^ ]*/", "", str(found.problem)).startswith(expected)


def test_an_expression_that_some_profile_makes_slow_is_a_warning(tmp_path: Path) -> None:
    """Three quantifiers over at most 32 services each: 2 + 32 * (2 + 32 * (2 + 32 * 5)) steps."""
    when = "services.exists(a, services.exists(b, services.exists(c, BODY)))"
    text = CLEAN.replace("    when: term.foreign\n", f"    when: term.foreign && {when}\n")
    few = linted(tmp_path / "few", text.replace("BODY", "c.resells_carrier"))
    assert "costly-expression" not in [one.rule for one in few.findings]
    report = linted(tmp_path / "law", text.replace("BODY", "a.id == b.id && b.id == c.id"))
    [found] = [one for one in report.findings if one.rule == "costly-expression"]
    assert (found.level, found.fails) == ("warning", False)
    expected = "clean.yaml:20:11: Evaluating this can take 231,495 steps. The limit is 100,000."
    assert re.sub(r"^[^ ]*/", "", str(found.problem)).startswith(expected)


def test_several_findings_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = CLEAN.replace("zh: 整洁", "zh: Clean").replace("zh: 软件。", "zh: Software.").replace("zh: 备用", "")
    found = findings(tmp_path / "law", text)
    assert [line.split(":")[1] for line in found] == ["3", "33"]


def test_an_enumeration_of_findings_is_whole() -> None:
    """Every sentence that lint can say is shown by one of the cases above, or by one of those on fixtures."""
    source = (ROOT / "src/vatspolicy/authoring/lint/policy_checks.py").read_text(encoding="utf-8")
    sentences = set(re.findall(r'(?<!")f?"((?:The|There|A|No) [^"]*\.)"(?!")', source))
    shown = " ".join(str(expected) for *_, expected in FINDINGS.values()) + " " + ABSENT
    shown = " ".join(
        (shown, OF_COMPANY, NOT_NAMED, NO_DAY, OTHER_NUMBER, OTHER_UNIT, UNLIKE)
    )  # of cases about several rules
    for sentence in sentences:
        assert re.split(r"[{]", sentence)[0] in shown, sentence


ABSENT = "There is no rule, instrument or reason 'LICENSE-LENDIN'. Did you mean 'LICENSE-LENDING'?"


def fixture(folder: Path, expectation: str | None) -> Path:
    folder.mkdir()
    (folder / "shop.yaml").write_text(SHOP)
    if expectation is not None:
        (folder / "shop.expect.yaml").write_text(
            f"why: {{en: A shop., zh: 商店。}}\ndecisions:\n  - {{as_of: '2026-06-01', {expectation}}}\n"
        )
    return folder


def test_a_name_that_nothing_bears_is_always_absent(tmp_path: Path) -> None:
    fixtures = fixture(tmp_path / "fixtures", "decision: allow, absent: [LICENSE-LENDIN, icp-filing, clean/file]")
    assert findings(tmp_path / "law", CLEAN, fixtures) == [f"shop.expect.yaml:3:1: absent: {ABSENT}"]


def test_a_fixture_without_expectations(tmp_path: Path) -> None:
    found = findings(tmp_path / "law", CLEAN, fixture(tmp_path / "fixtures", None))
    assert found == ["shop.yaml:1:1: shop.expect.yaml is missing next to this fixture."]


def test_an_expectation_that_follows_no_schema(tmp_path: Path) -> None:
    found = findings(tmp_path / "law", CLEAN, fixture(tmp_path / "fixtures", "decision: maybe"))
    assert found[0].startswith("shop.expect.yaml:3:")


def test_lint_ends_with_1_for_findings(console: Console) -> None:
    linted(console.folder / "law", CLEAN)
    ran = console("lint", "--law", "law")
    assert (ran.code, ran.out, ran.err) == (0, "No findings in 1 policy and 0 fixtures\n", "")
    write_policy(console.folder / "law/clean.yaml", CLEAN.replace("zh: 整洁", "zh: Clean"))
    ran = console("lint", "--law", "law")
    assert (ran.code, ran.out) == (
        1,
        (
            "law/clean.yaml:3:24: title.zh: The Chinese text equals the English text. [translation]\n"
            "1 error, 0 warnings in 1 policy and 0 fixtures\n"
        ),
    )
    console.write("fixtures/lonely.yaml", SHOP)
    assert (
        "lonely.expect.yaml is missing next to this fixture. [invalid-fixture]" in console("lint", "--law", "law").out
    )


def test_the_order_of_keys_is_that_of_the_schema() -> None:
    assert tuple(SchemaSet.shipped().load("policy")["properties"]) == ORDER
    assert ORDER[:3] == ("id", "version", "title")
    assert ORDER[-2:] == ("rules", "verified")


@pytest.mark.parametrize(
    ("zh", "told"),
    [
        ("Clean", "The Chinese text equals the English text."),
        ("'整洁,好'", "Chinese text has full-width punctuation. Write '，' instead of ','."),
        ("' '", "The translation is missing or empty. Write both en and zh."),
    ],
)
def test_translations_of_a_policy(tmp_path: Path, zh: str, told: str) -> None:
    found = findings(tmp_path / "law", CLEAN.replace("title: {en: Clean, zh: 整洁}", f"title: {{en: Clean, zh: {zh}}}"))
    assert any(line.endswith(f"title.zh: {told}") for line in found), found


def test_translations_of_the_schemas_of_the_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", folder)
    schema = folder / "profile.schema.json"
    text = schema.read_text(encoding="utf-8")
    assert '"上线日"' in text
    schema.write_text(text.replace('"上线日"', '"Launch day"', 1), encoding="utf-8")
    found = findings(tmp_path / "law", CLEAN, schemas=SchemaSet.from_folder(folder))
    line = 1 + text[: text.index('"上线日"')].count("\n")
    assert [re.sub(r":\d+: ", ": ", one, count=1) for one in found] == [
        f"profile.schema.json:{line}: properties.product.properties.launch.x-title-zh: The Chinese text equals the English text."
    ]


def test_schemas_of_the_bundle_are_valid_json_schemas(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    shutil.copytree(ROOT / "schemas", folder)
    broken = {
        "$id": "question.schema.json",
        "type": "strnig",
        "properties": {"count": {"minLength": -1}, "names": {"pattern": "("}},
        "required": "count",
    }
    (folder / "question.schema.json").write_text(json.dumps(broken, indent=2), encoding="utf-8")
    found = findings(tmp_path / "law", CLEAN, schemas=SchemaSet.from_folder(folder))
    assert [re.sub(" Required by .*", "", one) for one in found] == [
        f"question.schema.json:{place}: This is not valid JSON Schema 2020-12: it violates {keyword!r}."
        for place, keyword in [
            ("3:11: type", "enum"),
            ("6:20: properties.count.minLength", "minimum"),
            ("9:18: properties.names.pattern", "format"),
            ("12:15: required", "type"),
        ]
    ]
    assert found[1].endswith(" Required by the metaschema: 0.")


BROKEN = [
    {"type": ["string", "strnig"]},
    {"type": []},
    {"enum": "one"},
    {"required": ["a", "a"]},
    {"pattern": "(?<year>[0-9]+)"},  # a group of ECMAScript, which Python does not read
    {"patternProperties": {"[": {}}},
    {"properties": {"a": {"items": [{}]}}},
    {"$defs": {"a": {"maxLength": 1.5}}},
    {"$id": "a.schema.json#part"},
    {"allOf": []},
    {"if": {"uniqueItems": "yes"}},
    {"additionalProperties": {"$ref": 7}},
]


@pytest.mark.parametrize("broken", BROKEN, ids=json.dumps)
def test_no_schema_that_the_reference_refuses_is_accepted(tmp_path: Path, broken: dict[str, object]) -> None:
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "profile.schema.json").write_text(json.dumps(broken), encoding="utf-8")
    assert list(validity(SchemaSet.from_folder(folder)))


def test_a_reference_of_odd_form_is_what_the_reference_says_it_is(tmp_path: Path) -> None:
    """The quick check refuses a space in a reference, and jsonschema does not."""
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "profile.schema.json").write_text('{"properties": {"a": {"$ref": "a b"}}}', encoding="utf-8")
    assert list(validity(SchemaSet.from_folder(folder))) == []


def test_tests_without_a_policy_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "law"
    findings(folder, CLEAN)
    (folder / "clear.test.yaml").write_text(
        "base: {}\ncases: [{it: is lost, as_of: '2026-01-01', expect: {file: fires}}]\n"
    )
    assert findings(folder, CLEAN) == [
        "clear.test.yaml:1:1: No policy belongs to these tests. Write the tests of ID.yaml in ID.test.yaml, in the same folder."
    ]
    with pytest.raises(InvalidInput, match=r"clear\.test\.yaml"):
        list(policy_cases(load_bundle(folder)))


# --- names


def test_a_test_that_names_a_rule_that_does_not_exist(tmp_path: Path) -> None:
    report = linted(tmp_path / "law", CLEAN.replace("expect: {file: fires,", "expect: {fiel: fires, file: fires,"))
    [found] = report.findings
    assert (found.rule, report.exit_code) == ("unknown-name", 1)
    assert str(found.problem).endswith(
        "clean.test.yaml:5:55: cases[0].expect.fiel: There is no rule 'fiel' in this file. Did you mean 'file'?"
    )


def test_a_test_that_names_an_instrument_that_does_not_exist(tmp_path: Path) -> None:
    text = CLEAN.replace("expect: {file: fires,", "authority: {icp-filling: [cac]}, expect: {file: fires,")
    [found] = findings(tmp_path / "law", text)
    assert found.endswith("There is no instrument 'icp-filling'. Did you mean 'icp-filing'?")


@pytest.mark.parametrize("key", ["rules", "advice", "duties", "needs"])
def test_a_fixture_that_names_what_does_not_exist(tmp_path: Path, key: str) -> None:
    fixtures = fixture(tmp_path / "fixtures", f"decision: allow, {key}: [clean-fiel]")
    [found] = linted(tmp_path / "law", CLEAN, fixtures).findings
    assert (found.rule, found.problem.path) == ("unknown-name", key)


def test_a_skipped_test_shows_nothing(tmp_path: Path) -> None:
    text = CLEAN.replace("it: asks,", "it: asks, skip: It is not known how.,")
    assert [finding.rule for finding in linted(tmp_path / "law", text).findings] == ["untested", "untested"]


# --- ignore comments

NO_NUMBER = CLEAN.replace(", number: 零号", "")
SOURCE = "source: {issuer: {en: Nobody, zh: 无}}\n"


@pytest.mark.parametrize(
    "comment",
    [
        "# lint: ignore source-number-missing It has none.\n" + SOURCE,
        "#lint:ignore source-number-missing: It has none.\n# Another comment.\n\n" + SOURCE,
        SOURCE.rstrip() + "  # lint: ignore source-number-missing It has none.\n",
    ],
)
def test_a_finding_is_ignored_for_a_reason(tmp_path: Path, comment: str) -> None:
    report = linted(tmp_path / "law", NO_NUMBER.replace(SOURCE, comment))
    assert [(finding.rule, finding.ignored) for finding in report.findings] == [
        ("source-number-missing", "It has none.")
    ]
    assert (report.exit_code, report.counts.errors, report.counts.ignored) == (0, 0, 1)


@pytest.mark.parametrize(
    ("comment", "rules"),
    [
        ("# lint: ignore source-number-missing\n", ["ignore-without-reason", "source-number-missing"]),
        ("# lint: ignore\n", ["ignore-unknown", "source-number-missing"]),
        ("# lint: ignore source-numbre-missing It has none.\n", ["ignore-unknown", "source-number-missing"]),
        ("# lint: ignore invalid-fixture It has none.\n", ["ignore-unknown", "source-number-missing"]),
        ("# lint: ignore untested It has none.\n", ["ignore-unused", "source-number-missing"]),
        ("# lint: ignore source-number-missing It has none.\ntopics: [telecom]\n", ["ignore-unused", "source-number-missing"]),
    ],
)  # fmt: skip
def test_a_comment_that_ignores_nothing_is_a_finding(tmp_path: Path, comment: str, rules: list[str]) -> None:
    text = NO_NUMBER.replace("topics: [telecom]\n", "") if "topics" in comment else NO_NUMBER
    report = linted(tmp_path / "law", text.replace(SOURCE, comment + SOURCE))
    assert [finding.rule for finding in report.findings if finding.rule != "key-order"] == rules
    assert all(finding.ignored is None for finding in report.findings)
    assert report.exit_code == 1


UNTIDY = (
    CLEAN.replace(
        "version: 1.0.0\ntitle: {en: Clean, zh: 整洁}\n", "title: {en: Clean, zh: '整洁(好),对:'}\nversion: 1.0.0\n"
    )
    .replace(
        "{en: File., zh: 备案。}", "{en: File., zh: '备案,向“某局”!'} # lint: ignore translation The sign is theirs."
    )
    .replace("  - id: classes\n", "  # lint: ignore untested It is tested by now.\n  - id: classes # stays\n")
    .replace("is: cac}]}", "is: cac}]} # lint: ignore unused-instrument It was.", 1)
)


def test_what_needs_no_decision_is_fixed(tmp_path: Path) -> None:
    report = linted(tmp_path / "law", UNTIDY)
    assert {one.rule for one in report.findings if one.ignored is None} == {"key-order", "translation", "ignore-unused"}
    before = load_bundle(tmp_path / "law")
    ((path, text),) = fix_files(report).items()
    path.write_text(text, encoding="utf-8")
    after = run_lint(load_bundle(tmp_path / "law"))
    assert [(one.rule, one.ignored) for one in after.findings] == [("translation", "The sign is theirs.")]
    assert fix_files(after) == {}
    assert "title: {en: Clean, zh: 整洁（好），对：}\n" in text
    assert "# stays" in text
    assert "# lint: ignore translation The sign is theirs." in text
    assert text.count("lint: ignore") == 1
    data, old = after.documents[0].data, before.document(before.policies["clean"]).data
    assert {**data, "title": old["title"]} == old
    assert list(data) == sorted(data, key=ORDER.index)


def test_a_fix_leaves_what_a_person_decides(tmp_path: Path) -> None:
    text = CLEAN.replace("  foreign: company", "  other: company.mainland_entity\n  foreign: company")
    report = linted(tmp_path / "law", text.replace("zh: 整洁}", "zh: Clean}"))
    assert {one.rule for one in report.findings} == {"unused-term", "translation"}
    assert fix_files(report) == {}


def test_comments_of_tests_and_fixtures_are_fixed(tmp_path: Path) -> None:
    text = CLEAN.replace("    - {it: applies", "    # lint: ignore unknown-name It was.\n    - {it: applies")
    fixtures = fixture(tmp_path / "fixtures", "decision: allow} # lint: ignore unknown-name It was.")
    report = linted(tmp_path / "law", text, fixtures)
    fixed = fix_files(report)
    assert sorted(path.name for path in fixed) == ["clean.test.yaml", "shop.expect.yaml"]
    assert not any("lint:" in one for one in fixed.values())


def test_fix_on_the_command_line(console: Console, tmp_path: Path) -> None:
    law = tmp_path / "law"
    linted(law, UNTIDY)
    ran = console("lint", "--law", law, "--fix")
    assert (ran.code, ran.err) == (0, "")
    assert "+title: {en: Clean, zh: 整洁（好），对：}" in ran.out
    assert "No findings" in ran.out
    again = console("lint", "--law", law, "--fix", "-f", "json")
    assert (again.code, again.out) == (0, console("lint", "--law", law, "-f", "json").out)
    assert json.loads(again.out)["findings"][0]["rule"] == "translation"
    console("bundle", "build", "--law", law, "--number", "1")
    refused = console("lint", "--bundle", "bundle.tar.gz", "--skip-verify", "--fix")
    assert (refused.code, "--fix needs a folder of policies, not a bundle." in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "edits"),
    [(["--fix"], "lint.fixes.fix_files"), (["--write", "--texts", "."], "verification.write_files")],
)
def test_the_law_that_is_installed_is_never_edited(
    console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], edits: str
) -> None:
    file = tmp_path / "installed" / "law.yaml"
    monkeypatch.setattr("vatspolicy.authoring.lint.run.run_lint", lambda *_: None)
    monkeypatch.setattr(f"vatspolicy.authoring.{edits}", lambda *_: {file: "edited"})
    ran = console("lint", *options)
    assert (ran.code, file.exists()) == (2, False)
    assert "belongs to the shipped law. Choose a folder with --law." in ran.err


def test_a_text_is_no_comment(tmp_path: Path) -> None:
    text = CLEAN.replace("{en: File., zh: 备案。}", "{en: 'File # lint: ignore untested now', zh: 备案。}")
    assert findings(tmp_path / "law", text) == []


def test_a_comment_in_the_tests_and_in_a_fixture(tmp_path: Path) -> None:
    text = CLEAN.replace("expect: {file: fires,", "expect: {fiel: fires, file: fires,").replace(
        "    - {it: applies", "    # lint: ignore unknown-name It comes with the next change.\n    - {it: applies"
    )
    fixtures = fixture(
        tmp_path / "fixtures", "decision: allow, absent: [no-such-thing]} # lint: ignore unknown-name It will come. #"
    )
    expected = fixtures / "shop.expect.yaml"
    expected.write_text(expected.read_text().replace(" #}", ""))
    report = linted(tmp_path / "law", text, fixtures)
    assert [finding.ignored for finding in report.findings] == ["It will come.", "It comes with the next change."]


# --- the catalogue


def test_every_rule_is_told_in_both_languages_and_has_a_section() -> None:
    page = (ROOT / "docs/lint.md").read_text(encoding="utf-8")
    for id, rule in RULES.items():
        assert f"\n## {id}\n" in page
        for text in (rule.title, rule.help):
            assert not list(faults(text["en"], text["zh"])), id


# --- single files


def test_single_files_are_checked_with_the_rest_of_the_law_as_context(console: Console) -> None:
    linted(console.folder / "law", CLEAN)
    other = CLEAN.replace("id: clean", "id: other").replace("topics: [telecom]\n", "topics: [telecom]\nuses: [clean]\n")
    shared = other[: other.index("instruments:")] + other[other.index("rules:") :].replace("classify", "advise", 1)
    shared = shared.replace("advise: {classes: not-telecommunications}", "advise: {kind: verify}")
    shared = re.sub(r"    readings:\n(?:      .*\n)+", "", shared).replace("zh: 整洁", "zh: Clean")
    write_policy(console.folder / "law/other.yaml", shared)
    text = CLEAN.replace("    when: term.foreign\n", "    when: 'company.foreign_percent > 0.0'\n")
    write_policy(console.folder / "law/clean.yaml", text)
    ran = console("lint", "law/clean.yaml")
    assert (ran.code, ran.out) == (1, ANOTHER), "a term and a parameter that only the other policy uses are in use"
    ran = console("lint", "law/other.test.yaml", "law/clean.yaml", "-f", "json")
    told = json.loads(ran.out)
    assert told["policies"] == 2
    assert {(one["file"], one["rule"]) for one in told["findings"]} >= {("law/other.yaml", "translation")}


ANOTHER = (
    "law/clean.yaml:17:5: rules[0]: No test shows file not applying. [untested]\n"
    "1 error, 0 warnings in 1 policy and 0 fixtures\n"
)


def test_a_file_that_holds_no_policy_of_the_law(console: Console) -> None:
    linted(console.folder / "law", CLEAN)
    console.write("law/notes.txt", "A note.")
    ran = console("lint", "law/notes.txt", "law/clena.yaml", "law/clean.yaml")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.splitlines() == [
        "law/clena.yaml:1:1: This file does not exist.",
        "law/notes.txt:1:1: No policy of the law is in this file. Name a policy, or its tests.",
    ]


def test_what_was_verified_is_written_into_the_policies_that_are_named(console: Console) -> None:
    text = CLEAN.replace(_BLOCK, "")
    linted(console.folder / "law", text)
    other = text.replace("id: clean", "id: other").replace("zh: 整洁", "zh: 其他").replace("icp-filing", "app-filing")
    write_policy(console.folder / "law/other.yaml", other)
    console.write("texts/其他(2020-01-01).md", "某事。\n")
    console.write("texts/整洁(2020-01-01).md", "# 整洁\n\n第一条 某事。\n")
    ran = console("lint", "law/clean.yaml", "--texts", "texts", "--write", "--today", "2026-12-01")
    assert (ran.code, ran.err, ran.out.splitlines()[:1]) == (0, "", [str(Path("law/clean.yaml"))])
    noted = f"art-1: {{day: '2026-12-01', against: 整洁(2020-01-01), hash: {quote_hash('某事。')}}}"
    assert noted in (console.folder / "law/clean.yaml").read_text(encoding="utf-8")
    assert "verified" not in (console.folder / "law/other.yaml").read_text(encoding="utf-8")


def test_a_text_that_changed_where_nothing_quotes_it_is_found(console: Console) -> None:
    linted(console.folder / "law", CLEAN.replace(_BLOCK, ""))
    console.write("texts/整洁(2020-01-01).md", "第一条 某事。\n第二条 另一事。\n")
    noted = console.write("law/texts.sha256", "")
    lint = ("lint", "law/clean.yaml", "--texts", "texts")
    assert console(*lint, "--write").code == 0
    digest = hashlib.sha256((console.folder / "texts/整洁(2020-01-01).md").read_bytes()).hexdigest()
    assert noted.read_text(encoding="utf-8") == f"{digest}  整洁(2020-01-01).md\n"
    assert console(*lint).code == 0
    console.write("texts/整洁(2020-01-01).md", "第一条 某事。\n第二条 其他事。\n")
    ran = console(*lint)
    assert (ran.code, "The text differs from the recorded hash." in ran.out) == (1, True)
    assert ran.out.count("[text-changed]") == 1
    noted.write_text("", encoding="utf-8")
    assert "It has no recorded hash." in console(*lint).out
    noted.unlink()
    assert console(*lint).code == 0


def test_the_hash_of_a_text_that_does_not_hold_a_quote_is_not_noted(console: Console) -> None:
    linted(console.folder / "law", CLEAN.replace("against: a page", "against: 整洁(2020-01-01)"))
    console.write("texts/整洁(2020-01-01).md", "第一条 他事。\n")
    noted = console.write("law/texts.sha256", "")
    assert console("lint", "law/clean.yaml", "--texts", "texts", "--write").code == 1
    assert noted.read_text(encoding="utf-8") == ""
