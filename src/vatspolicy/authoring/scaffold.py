"""Skeletons of policies, profiles and fixtures, which load and pass lint before they are filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vatspolicy.core.profile.vocabulary import question, words_of
from vatspolicy.core.profile.word_lists import find_list
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import Table, joint

_SAMPLES: Mapping[tuple[str | int, ...], str] = {
    ("product", "launch"): "'2027-06-01'",
    ("company", "foreign_percent"): "0",
    ("company", "foreign_percent_basis"): "ultimate",
    ("company", "mainland_entity"): "true",
    ("company", "legal_form"): "limited-company",
    ("company", "registered"): "{at: beijing, ftz: none}",
    ("company", "registered_capital_rmb"): "10000000",
    ("company", "lacking_means"): "[]",
    ("company", "discredited"): "[]",
    ("services", 0, "offers"): "[company-site]",
    ("services", 0, "operated_by"): "company",
    ("services", 0, "audience"): "public",
    ("services", 0, "channels"): "[website]",
    ("services", 0, "hosting"): "mainland",
    ("services", 0, "area"): "[china]",
    ("services", 0, "facilities"): "[{at: beijing, ftz: none}]",
    ("services", 0, "charges"): "[]",
    ("services", 0, "content"): "[]",
    ("services", 0, "features"): "[]",
    ("data", "persons"): "0",
    ("data", "leaves_mainland"): "false",
}
"""Facts that most products need, in the order of the skeleton, each with a sample. No sample leads to a denial."""
_WORDS: Table = {
    "any": Phrase("Any of"),
    "one": Phrase("One of"),
    "all": Phrase("All values"),
    "why": Phrase("Explain the purpose of the case."),
    "title": Phrase("Name of the regulation"),
    "issuer": Phrase("Issuing body"),
    "message": Phrase("Write the message shown when the rule applies."),
}
"""Placeholder texts and comment headings, in both languages."""
_FEW = 8
"""Largest number of values below a question; for more, the name of the list stands there."""


def schema_line(place: str) -> str:
    """Return the comment that points an editor to the schema of a file."""
    return f"# yaml-language-server: $schema={place}"


def profile(id: str, schema: str = "") -> str:
    """Return a profile in which every fact is still a question. `schema` is the place of its schema for editors."""
    lines = [
        *([schema_line(schema)] if schema else []),
        "# Remove the # before a fact and fill it in. A fact that is left out is unknown: it is never guessed.",
        "schema: 2",
        "product:",
        f"  id: {id}",
        *_facts("product", "  "),
        "company:",
        "  name: The company",
        *_facts("company", "  "),
        "services:",
        "  - id: main",
        *_facts("services", "    "),
        "# data:",
        *_facts("data", "  "),
    ]
    return "\n".join(lines) + "\n"


def _facts(section: str, indent: str) -> Iterator[str]:
    for path, sample in _SAMPLES.items():
        if path[0] == section:
            ask = question(path)
            yield f"{indent}# {ask['en']} {ask['zh']}"
            if choices := _choices(path, is_list=sample.startswith("[")):
                yield f"{indent}# {choices}"
            yield f"{indent}# {path[-1]}: {sample}"


def _choices(path: tuple[str | int, ...], is_list: bool) -> str:
    """Return the values to choose from, or the command that lists them; empty for a fact without a list of values."""
    values = [word.value for word in words_of(path)]
    if not values:
        return ""
    if len(values) <= _FEW:
        return _comment("any" if is_list else "one", ", ".join(values))
    found = find_list(".".join(str(step) for step in path if step != 0))
    return _comment("all", f"vatspolicy list {found.name}") if found else ""


def _comment(key: str, content: str) -> str:
    """Return a comment with its head in both languages."""
    return f"{_WORDS[key]['en']} · {_WORDS[key]['zh']}{joint('colon', 'zh')}{content}"


def _text(key: str) -> str:
    """Return a text by language, as YAML in one line."""
    return f"{{en: {_WORDS[key]['en']}, zh: {_WORDS[key]['zh']}}}"


def expectation() -> str:
    """Return the expectations of a profile without facts: no decision yet."""
    return f"""\
why:
  en: {_WORDS["why"]["en"]}
  zh: {_WORDS["why"]["zh"]}
decisions:
  - as_of: '2027-01-01'
    decision: incomplete
    range: [allow, deny]
    missing: [services.0.offers]
"""


def bundle() -> str:
    """Return the description of a folder of policies."""
    return """\
version: 0.1.0
covers: {from: '2015-01-01'}
"""


def policy(id: str, schema: str = "") -> str:
    """Return a policy with one rule, a note for review. `schema` is the place of its schema for editors."""
    line = f"{schema_line(schema)}\n" if schema else ""
    return f"""\
{line}id: {id}
version: 0.1.0
title: {_text("title")}
topics: [telecom]
source:
  issuer: {_text("issuer")}
  promulgated: '2027-01-01'
  note: Write the document number here, as number, and remove this note.
effective: {{from: '2027-01-01'}}
articles:
  art-1:
    en: The operative phrase of the article.
    verification: unverified
rules:
  - id: first-rule
    cite: [art-1]
    each: service
    when: service.audience == "public"
    advise: {{kind: note}}
    message: {_text("message")}
"""


def policy_tests() -> str:
    """Return the tests of that policy."""
    return """\
base:
  services: [{id: s, offers: [other], audience: public}]
cases:
  - {it: applies to a service for the public, as_of: '2027-01-01', expect: {first-rule: fires}}
  - {it: was not law the day before, as_of: '2026-12-31', expect: {first-rule: silent}}
  - it: leaves other services alone
    as_of: '2027-01-01'
    set: {services.0.audience: business}
    expect: {first-rule: silent}
  - it: asks whom the service is for
    as_of: '2027-01-01'
    unset: [services.0.audience]
    expect: {first-rule: unknown}
"""
