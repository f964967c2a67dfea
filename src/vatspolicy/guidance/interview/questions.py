"""Questions: text, possible answers, and the rules that need the answer."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.decision import MissingFact
from vatspolicy.core.engine.law_texts import titled
from vatspolicy.core.engine.possible_values import instruments, place_code
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Classify
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.policies.wording import describe_effect
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.vocabulary import (
    asked_together,
    describe,
    gazetteer,
    grouped,
    groups_of,
    label,
    parts_of,
    question,
    words_of,
)
from vatspolicy.guidance.interview.messages import NAME, NO, UNITS, YES, both
from vatspolicy.guidance.interview.ranking import NO_GAIN, InformationGain, InterviewState
from vatspolicy.guidance.interview.result import Article, Choice, Reason, Screen
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase
from vatspolicy.i18n.words import join_both, say_both

KINDS = (
    "boolean",
    "choice",
    "choices",
    "words",
    "integer",
    "number",
    "date",
    "text",
    "place",
    "places",
    "services",
    "entries",
    "together",
)
"""Kinds of answers. `words` are choices too many to list; `entries` is a list of objects, one for each choice;
`together` is an object with the answer to each part by its path (`combine`).
"""
NUMBERS = ("integer", "number")
NAME_PATH: Path = ("product", "id")
LAUNCH: Path = ("product", "launch")
SERVICES: Path = ("services",)
OPINIONS: Path = ("opinions",)
"""Facts for counsel rather than the product team."""
_LISTED = 100
"""Maximum number of listed choices; with more, the user searches."""
_USUAL = 7
"""Maximum number of choices that come first because they often go with the offers."""
_OF_CLASS = Phrase("a service of this class: {classes}")


@dataclass(frozen=True)
class Question:
    """One question. `path` is the place of the answer in the profile."""

    path: Path
    kind: str
    """One of KINDS."""
    about: LocalizedText
    """Owner of the fact: the company, a service by its name, …"""
    text: LocalizedText
    title: LocalizedText
    unit: LocalizedText | None
    choices: tuple[Choice, ...]
    """Closed choices, including places and words found only by search."""
    least: float | None
    most: float | None
    """Bounds of a number, or of the length of a list."""
    rules: tuple[str, ...]
    """Names of the rules that read the answer."""
    phase: str
    """Phase of the interview: start, decision or duties."""
    gain: InformationGain
    heading: LocalizedText | None = None
    """Question for all parts."""
    parts: tuple[Question, ...] = ()
    """Questions combined with this one, including itself; none for a separate question."""
    implied: Tree = None
    """Default answer of the question, or None."""
    example: LocalizedText | None = None
    """Example of an answer, from the schema."""
    screen: Screen | None = None
    """Question to ask before the choices are shown."""

    @property
    def several(self) -> bool:
        """True if the answer is a list."""
        return self.kind in ("choices", "words", "places", "services", "entries", "together")

    @property
    def name(self) -> str:
        """Path with dots."""
        return ".".join(map(str, self.path))

    @property
    def groups(self) -> tuple[tuple[LocalizedText, int, int], ...]:
        """Groups of choices with the numbers of their first and last choice, from 1; none if there are no groups."""
        found: dict[str, tuple[LocalizedText, int, int]] = {}
        for number, choice in enumerate(self.choices, start=1):
            if choice.group is not None:
                first = found[choice.group["en"]][1] if choice.group["en"] in found else number
                found[choice.group["en"]] = (choice.group, first, number)
        return tuple(found.values())

    @property
    def listed(self) -> bool:
        """True if the choices are shown."""
        looked_up = any(one.kind in ("words", "place", "places") for one in (self, *self.parts))
        return not looked_up and len(self.choices) <= _LISTED

    @property
    def numbered(self) -> bool:
        """True if a number selects a choice rather than stating an amount."""
        return self.listed and not any(part.kind in NUMBERS for part in self.parts)


def make_question(
    state: InterviewState,
    fact: MissingFact,
    phase: str,
    gain: InformationGain = NO_GAIN,
    others: Iterable[MissingFact] = (),
) -> Question:
    """Build the question about a fact, combined with facts of `others` that the schema groups with it."""
    asked = _make_one(state, fact, phase, gain)
    group = asked_together(fact.path, state.schemas)
    if group is None:
        return asked
    beside = {_fact_name(one.path): one for one in (*others, fact) if _is_beside(fact.path, one.path)}
    implied: Mapping[str, Tree] = group.get("implied", {})
    for name in implied:
        path = tuple(name.split("."))
        if get_fact(state.data, path) is None:
            beside.setdefault(name, MissingFact(path, ()))
    named = [name for name in group["facts"] if name in beside]
    parts = [replace(_make_one(state, beside[name], phase, gain), implied=implied.get(name)) for name in named]
    return replace(asked, heading=group["question"], parts=tuple(parts)) if len(parts) > 1 else asked


def combine(question: Question) -> Question:
    """Return a question with its parts as one list, in which each choice identifies its fact; without parts, itself.

    A screen replaces the choices behind it.
    """
    question = replace(_show_screen(question), parts=tuple(map(_show_screen, question.parts)))
    if question.heading is None:
        return question
    choices = tuple(
        replace(one, value={part.name: one.value}, group=one.group or part.text)
        for part in question.parts
        for one in part.choices
    )
    rules = tuple(dict.fromkeys(name for part in question.parts for name in part.rules))
    whole = replace(question, kind="together", text=question.heading, choices=choices, rules=rules)
    return replace(whole, unit=None, least=None, most=None)


def _show_screen(question: Question) -> Question:
    screen = question.screen
    return question if screen is None else replace(question, text=screen.text, choices=screen.choices)


def read_screen(value: Tree, path: Path, schemas: SchemaSet) -> bool | None:
    """Return whether an answer to the screen of a list leaves it empty; None for any other value.

    Raises ValueError for an answer that says both.
    """
    found = describe(path, schemas).get("x-screen")
    if found is None or not isinstance(value, list) or not value or any(word not in found["x-enum"] for word in value):
        return None
    empty = {word in found["empty"] for word in value}
    if len(empty) > 1:
        raise ValueError(value)
    return empty.pop()


def _find_screen(state: InterviewState, path: Path, node: Facts) -> Screen | None:
    """Return the screen of a list, unless it is answered or what the service offers answers it."""
    found = node.get("x-screen")
    if found is None or path in state.screened:
        return None
    if any(set(get_fact(state.data, (*path[:-1], name)) or ()) & set(words) for name, words in found["unless"].items()):
        return None
    choices = tuple(Choice(word, name, (), None) for word, name in found["x-enum"].items())
    return Screen(found["question"], choices, tuple(found["empty"]))


def _fact_name(path: Path) -> str:
    return ".".join(step for step in path if isinstance(step, str))


def _is_beside(path: Path, other: Path) -> bool:
    """Return whether two facts belong to the same service and license, if they belong to any."""
    return all(one == two for one, two in zip(path, other, strict=False) if isinstance(one, int))


def _make_one(state: InterviewState, fact: MissingFact, phase: str, gain: InformationGain) -> Question:
    path = fact.path
    node = describe(path, state.schemas)
    kind, choices = _kind(state, path, node, fact.rules)
    unit = node.get("x-unit")
    return Question(
        path=path,
        kind=kind,
        about=_about(state, path),
        text=NAME if path == NAME_PATH else question(path, state.schemas),
        title={"en": node.get("title", str(path[-1])), "zh": node.get("x-title-zh", str(path[-1]))},
        unit=UNITS[unit] if unit else None,
        choices=choices,
        least=node.get("minimum", node.get("minItems")),
        most=node.get("maximum", node.get("maxItems")),
        rules=fact.rules,
        phase=phase,
        gain=gain,
        example=node.get("x-example"),
        screen=_find_screen(state, path, node),
    )


def _kind(state: InterviewState, path: Path, node: Facts, rules: Iterable[str]) -> tuple[str, tuple[Choice, ...]]:
    if path == SERVICES:
        return "services", _choices(state, ("services", 0, "offers", 0))
    if path[-1] == "licenses":
        named = instruments(state.ruleset, [state.bundle.rule(name) for name in rules])
        titles = {name: state.bundle.instruments[name].title for name in named}
        return "entries", tuple(Choice({"instrument": name}, title, (), None) for name, title in titles.items())
    if path == ("deals",):
        return "entries", tuple(
            Choice({"kind": c.value}, c.label, (), None) for c in _choices(state, ("deals", 0, "kind"))
        )
    if "at" in node.get("properties", {}):
        return "place", _choices(state, (*path, "at"))
    match node.get("type"):
        case "array" if "at" in describe((*path, 0), state.schemas).get("properties", {}):
            return "places", _choices(state, (*path, 0, "at"))
        case "array":
            choices = _choices(state, (*path, 0))
            return "choices" if len(choices) <= _LISTED else "words", choices
        case "boolean":
            return "boolean", (Choice(True, YES, (), None), Choice(False, NO, (), None))
        case "integer" | "number" as number:
            return number, ()
    if path[-1] == "at":
        parts = parts_of(place_code(get_fact(state.data, path[:-1])), state.schemas)
        return "choice", tuple(choice for choice in _choices(state, path) if choice.value in parts)
    if "enum" in node:
        choices = _choices(state, path)
        if path[-1] == "ftz":
            province = gazetteer(state.schemas)[place_code(get_fact(state.data, path[:-1]))]["province"]
            choices = tuple(c for c in choices if c.value == "none" or c.value.split("-")[0] == province.split("-")[0])
        return "choice", choices
    return "date" if node.get("format") == "date" else "text", ()


def _choices(state: InterviewState, path: Path) -> tuple[Choice, ...]:
    node = describe(path, state.schemas)
    labels: Mapping[str, LocalizedText] = node.get("x-enum", {})
    places = gazetteer(state.schemas)
    synonyms = {word.value: word.synonyms for word in words_of(path, state.schemas)}
    group_of = groups_of(path, state.schemas)
    words, usual = grouped(node["enum"], group_of), usual_words(state.data, path[:-1], state.schemas)
    if usual:
        words = sort_choices(state.data, path[:-1], state.schemas)

    def named(word: str) -> LocalizedText:
        if word in labels:
            return labels[word]
        if word in places:
            return say_both(places[word])
        return state.bundle.instruments[word].title

    def group(word: str) -> LocalizedText | None:
        within = places.get(word, {}).get("within") if word not in labels else None
        return group_of.get(word) or (say_both(places[within]) if within and within not in words else None)

    return tuple(Choice(word, named(word), synonyms.get(word, ()), group(word), word in usual) for word in words)


def usual_words(data: Facts, path: Path, schemas: SchemaSet) -> tuple[str, ...]:
    """Return the values of a list of a service that most often go with what it offers, the most specific first.

    Source: `with` of the offers, and `usual` of their groups. Other lists have none.
    """
    offers = (get_fact(data, (*path[:2], "offers")) if path[0] == "services" and len(path) == 3 else None) or ()
    node, item = (describe(("services", 0, "offers", *inner), schemas) for inner in ((), (0,)))
    specific = (node.get("x-mutable", {}).get("with", {}).get(word, {}) for word in offers)
    groups = (group.get("usual", {}) for group in item.get("x-groups", ()) if set(offers) & set(group["members"]))
    words = dict.fromkeys(word for found in (*specific, *groups) for word in found.get(path[-1], ()))
    return tuple(words)[:_USUAL]


def sort_choices(data: Facts, path: Path, schemas: SchemaSet) -> list[str]:
    """Return the values of a list with the usual ones first, in their groups.

    The group with the most usual value comes first.
    """
    group_of = groups_of((*path, 0), schemas)
    words = grouped(describe((*path, 0), schemas)["enum"], group_of)
    usual = usual_words(data, path, schemas)
    rank, last = {word: position for position, word in enumerate(usual)}, len(usual)
    groups = {word: group_of.get(word, {}).get("en", "") for word in words}
    first: dict[str, int] = {}
    for word, group in groups.items():
        first[group] = min(first.get(group, last), rank.get(word, last))
    return sorted(words, key=lambda word: (first[groups[word]], rank.get(word, last)))


def _about(state: InterviewState, path: Path) -> LocalizedText:
    """Return the objects that contain the fact: section, service, facility, license, deal."""
    parts: list[LocalizedText] = []
    for depth in range(1, len(path)):
        node, following = describe(path[:depth], state.schemas), path[depth]
        if isinstance(following, int):
            continue
        title = {"en": node.get("title", str(path[0])), "zh": node.get("x-title-zh", node.get("title", str(path[0])))}
        member = get_fact(state.data, path[:depth])
        name = _name(state, member) if isinstance(path[depth - 1], int) else None
        parts.append({lang: f"{title[lang]} {name[lang]}" for lang in LANGUAGES} if name else title)
    if not parts:
        node = describe(("product",), state.schemas)
        parts = [{"en": node["title"], "zh": node["x-title-zh"]}]
    return join_both(parts, "comma")


def _name(state: InterviewState, member: Tree) -> LocalizedText | None:
    """Return the name of a member of a list."""
    if isinstance(member, str) or (isinstance(member, dict) and "at" in member):
        return gazetteer(state.schemas)[place_code(member)]
    if not isinstance(member, dict):
        return None
    if "instrument" in member:
        return state.bundle.instruments[member["instrument"]].title
    if "kind" in member:
        labels: Mapping[str, LocalizedText] = describe(("deals", 0, "kind"), state.schemas)["x-enum"]
        return labels[member["kind"]]
    return dict.fromkeys(LANGUAGES, str(member["id"])) if "id" in member else None


# --- why


def reasons(bundle: Bundle, names: Iterable[str], as_of: str) -> tuple[Reason, ...]:
    """Return the rules of these names, with their message, effect and articles."""
    return tuple(_reason(bundle, name, as_of) for name in names)


def _reason(bundle: Bundle, name: str, as_of: str) -> Reason:
    rule = bundle.rule(name)
    policy = bundle.policies[rule.policy]
    title = titled(policy, as_of)
    cited = (
        Article(
            policy.id,
            title,
            key,
            policy.articles[key].label,
            policy.articles[key].en,
            policy.articles[key].zh,
            policy.articles[key].verification,
            policy.articles[key].address,
        )
        for key in rule.cite
    )
    effect: dict[str, str] = {lang: describe_effect(bundle, rule, lang) for lang in LANGUAGES}
    if isinstance(rule.effect, Classify) and rule.effect.classes:  # with names rather than codes
        titles = [label("class", cls, bundle.schemas) for cls in rule.effect.classes]
        effect = say_both(_OF_CLASS, classes=join_both(titles, "semicolon"))
    return Reason(name, rule.message, effect, tuple(cited))


def introduction(question: Question) -> LocalizedText | None:
    """Return the introduction to the rules, if any."""
    if question.path == NAME_PATH:
        return both("why_name")
    if question.path == LAUNCH:
        return both("why_launch")
    if not question.gain.answers:
        return None
    gain = question.gain
    key = "gain_duties" if question.phase == "duties" else "gain"
    return both(key, of=gain.of, expected=f"{gain.expected:g}", worst=gain.worst)


def rules_of_start(ruleset: RuleSet, path: Path) -> tuple[str, ...]:
    """Return the rules behind the first questions: the classifications of services."""
    return tuple(rule.name for rule in ruleset.rules_for("service", "classify")) if path == SERVICES else ()


@functools.lru_cache(maxsize=4)
def rules_reading(ruleset: RuleSet, root: str) -> tuple[str, ...]:
    """Return the names of the rules that read a field of a variable."""
    rules = (rule for group in ruleset.rules.values() for rule in group)
    return tuple(rule.name for rule in rules if any(name == root for name, _ in rule.when.facts))
