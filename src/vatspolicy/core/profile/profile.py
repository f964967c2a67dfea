"""A profile: the facts about a company and its product, as a product team wrote them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from vatspolicy.clock import FIRST, LAST, later
from vatspolicy.core.cel.ast import Fact, Node, Quantifier, walk
from vatspolicy.core.cel.types import ListOf, Number, ObjectOf, Type
from vatspolicy.core.documents import Document, Path, load_document, parse_document, split_part
from vatspolicy.core.documents.reader import DoubtfulValues
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.profile.edits import change, is_launch
from vatspolicy.core.profile.invariants import broken_invariants, invariants
from vatspolicy.core.profile.operators import BASIS, SHARE, ULTIMATE, WHOLE, Operator
from vatspolicy.core.profile.vocabulary import (
    INHERITED,
    describe,
    gazetteer,
    is_divided,
    presumptions,
    profile_type,
    within,
)
from vatspolicy.errors import InvalidInput, Problem, first_problems
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.i18n import Bilingual, _

if TYPE_CHECKING:
    from pathlib import Path as FilePath
    from typing import Any, TypeAlias

    from vatspolicy.core.profile.opinions import Grant

EMPTY_SPEC = _("vatspolicy ask and vatspolicy new profile write a spec.")
"""Hint for an empty spec."""
DECLARED = ("licenses", "deals", "filings", "opinions")
"""Lists of declarations: an omitted list means that nothing is held, planned or done.

The company knows its own licenses. What a partner holds is unknown until it is stated.
"""


@frozen()
class Profile(ValueObject):
    """Facts ready for evaluation: checked, with places expanded and product-level facts inherited by services."""

    facts: Mapping[str, Any]
    """The facts by name. A missing key is an unknown fact."""
    document: Document
    """Document that the facts were written in."""
    _paths: Mapping[int, Path] = field(repr=False, compare=False)
    """Path of every object in `facts`, by identity."""
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped, repr=False, compare=False)
    """Schemas that the profile was read under."""
    granted: Mapping[int, Grant | None] = field(default_factory=dict)
    """Opinions that count, by their place in the list, each with its grant; all others are claims."""

    @property
    def granted_opinions(self) -> list[Mapping[str, Any]]:
        """The opinions that count."""
        opinions = self.facts["opinions"]
        return [opinions[index] for index in self.granted]

    def grant(self, granted: Mapping[int, Grant | None]) -> Profile:
        """Return the profile with these opinions, and no others, granted."""
        return replace(self, granted=granted)

    def grant_all(self) -> Profile:
        """Return the profile with every opinion granted: for the law's own tests and witnesses, never for a gate."""
        return self.grant(dict.fromkeys(range(len(self.facts["opinions"]))))

    @property
    def name(self) -> str:
        """The product's id."""
        return str(self.facts["product"]["id"])

    @property
    def launch(self) -> str | None:
        """The planned launch day, if the profile states one."""
        launch: str | None = self.facts["product"].get("launch")
        return launch

    @functools.cached_property
    def turning_days(self) -> Mapping[str, tuple[Path, ...]]:
        """Days on which a dated fact may start or stop being valid (its day and the next), with the facts' paths.

        A license holds to the end of its last day, a filing from its day on. The launch day is not included.
        """
        days: dict[str, list[Path]] = {}
        for path, text in _dates(self.document.data, (), self.schemas):
            if path == ("product", "launch"):
                continue
            days.setdefault(text, []).append(path)
            if text < LAST:
                days.setdefault(later(text, 1), []).append(path)
        return {day: tuple(paths) for day, paths in days.items()}

    def path_of(self, owner: Any, names: Iterable[str]) -> Path | None:
        """Return the written path of a fact of `owner`, an object of `facts`; None for a foreign object."""
        names = tuple(names)
        if isinstance(owner, Operator):
            return owner.path_of(names)
        path = self._paths.get(id(owner))
        if path is None:
            return None
        if (
            len(path) == 2
            and path[0] == "services"
            and names
            and names[0] in INHERITED
            and not self._written(path, names[0])
        ):
            inherited = self.facts["product"].get(names[0])
            path = ("product",) if inherited is not None else path
        return (*path, *names)

    def mark(self, path: Path) -> tuple[int, int]:
        """Return line and column (from 1) of a fact, or of the nearest object that contains it."""
        return self.document.mark(path)

    def _written(self, path: Path, name: str) -> bool:
        service = self.document.data["services"][path[1]]
        return isinstance(service, dict) and service.get(name) is not None


def load_profile(
    source: str | FilePath | Mapping[str, Any],
    changes: Iterable[tuple[str, Any]] = (),
    schemas: SchemaSet | None = None,
    stdin_name: str | None = None,
) -> Profile:
    """Return the profile in a file (YAML or JSON; `-` is standard input), in a part of a launch, or in a mapping.

    `changes` are facts to set by dotted path (`services.0.area`), None to remove one. `schemas` are those of the
    bundle that will decide, by default the shipped ones. `stdin_name` is the name that reports give standard input.

    Raises:
        InvalidInput: With the problems found: syntax, schema, invariants; the first of many.
    """
    if isinstance(source, Mapping):
        import json

        document, part = parse_document(json.dumps(source, ensure_ascii=False), "<profile>.json"), ""
    else:
        file, part = split_part(str(source))
        try:
            document = load_document(file, stdin_name=stdin_name, empty=EMPTY_SPEC)
        except InvalidInput as error:
            raise explain_spec(error, schemas) from None
    return read_profile(open_part(document, part, changes, schemas), schemas)


def open_part(
    document: Document, part: str, changes: Iterable[tuple[str, Any]] = (), schemas: SchemaSet | None = None
) -> Document:
    """Return the profile of a part of a launch, or the document itself for no part, with facts set as in `change`.

    Raises InvalidInput.
    """
    return open_parts(document, part, changes, schemas)[0] if part else change(document, changes)


def open_parts(
    document: Document, part: str = "", changes: Iterable[tuple[str, Any]] = (), schemas: SchemaSet | None = None
) -> list[Document]:
    """Return the same, or all profiles of a launch without a part. Raises InvalidInput."""
    if not part and not is_launch(document):
        return [change(document, changes)]
    from vatspolicy.core.profile.launch import open_launch

    return open_launch(document, changes, schemas, part)


def explain_spec(error: InvalidInput, schemas: SchemaSet | None = None) -> InvalidInput:
    """Return the problems of a spec that cannot be read, with those of its other values under the profile schema."""
    if not isinstance(error, DoubtfulValues) or is_launch(error.document):
        return error
    unread = [problem.path for problem in error.problems]
    rest = (
        problem
        for problem in validate(error.document, "profile", schemas)
        if not any(not path or f"{problem.path}.".startswith((f"{path}.", f"{path}[")) for path in unread)
    )
    return InvalidInput(first_problems([*error.problems, *rest]))


def read_profile(document: Document, schemas: SchemaSet | None = None) -> Profile:
    """Return the profile in a document. Raises InvalidInput."""
    if is_launch(document):
        message = _("This is a launch of several companies, but the command needs one profile.")
        hint = _("vatspolicy check decides the launch. Choose one part with FILE#PART.")
        raise InvalidInput([document.problem(("companies",), message, hint, key=True)])
    problems = validate(document, "profile", schemas) or first_problems(_beyond_schema(document))
    if problems:
        raise InvalidInput(problems)
    profile = trust_profile(document, schemas)
    problems = list(_broken_invariants(profile))
    if problems:
        raise InvalidInput(problems)
    return profile


def load_granted(data: Mapping[str, Any], schemas: SchemaSet | None = None) -> Profile:
    """Return the profile in a mapping, with every opinion granted: tests and witnesses are about the law.

    Raises InvalidInput.
    """
    return load_profile(data, schemas=schemas).grant_all()


def read_granted(document: Document, schemas: SchemaSet | None = None) -> Profile:
    """Return the profile in a document, with every opinion granted. Raises InvalidInput."""
    return read_profile(document, schemas).grant_all()


def trust_profile(document: Document, schemas: SchemaSet | None = None) -> Profile:
    """Return the profile in a document that is known to be valid, without checking it."""
    chosen = schemas or SchemaSet.shipped()
    facts = facts_of(document.data, chosen)
    return Profile(facts, document, _note_paths(facts), chosen)


def facts_of(data: Any, schemas: SchemaSet | None = None) -> dict[str, Any]:
    """Return the facts of schema-valid data as expressions read them, handed down from the product to its services."""
    facts: dict[str, Any] = _read_facts(schemas)(data)
    facts.setdefault("opinions", [])  # the evaluator also reads them under a schema without them
    for service in facts["services"]:
        for name in INHERITED:
            if name in facts["product"]:
                service.setdefault(name, facts["product"][name])
    return facts


def is_declared(holder: str, name: str) -> bool:
    """Return whether a list of an object (`profile`, `company`, `partner` …) is empty if it is omitted."""
    return name in DECLARED and holder != "partner"


Reader: TypeAlias = "Callable[[Any], Any]"
"""Converts a written value to the form for expressions."""


@derived_from_schemas
def _read_facts(schemas: SchemaSet) -> Reader:
    reader = _reader(profile_type(schemas), schemas)
    assert reader is not None
    return reader


def _reader(type: Type, schemas: SchemaSet) -> Reader | None:
    """Return the function that converts a written value for expressions; None for unchanged values.

    Nulls are omitted, numbers become floats, and places become objects with the places they lie in.
    """
    match type:
        case ObjectOf(name=name, fields=fields):
            return _record_reader(name, fields, schemas)
        case ListOf(item=item) if item is not None:
            read = _reader(item, schemas)
            if read is None:
                return lambda value: [member for member in value if member is not None]
            return lambda value: [read(member) for member in value if member is not None]
        case Number():
            return float
    return None


def _record_reader(name: str, fields: Mapping[str, Type], schemas: SchemaSet) -> Reader:
    readers = {key: _reader(type, schemas) for key, type in fields.items()}
    derive = tuple(_derivations(name, fields, schemas))

    def read(value: Any) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for key, child in ({"at": value} if isinstance(value, str) else value).items():
            if child is not None:
                reader = readers[key]
                facts[key] = child if reader is None else reader(child)
        for step in derive:
            step(facts)
        return facts

    return read


Derivation: TypeAlias = "Callable[[dict[str, Any]], None]"
"""Adds derived facts to a record, or removes facts that the stated facts leave open."""


def _derivations(name: str, fields: Mapping[str, Type], schemas: SchemaSet) -> Iterator[Derivation]:
    """Yield the derived facts of a record, in order."""
    if "within" in fields:
        yield functools.partial(_locate, functools.cache(functools.partial(_regions, name == "place", schemas)))
    if "mainland_entity" in fields:
        yield _tell_mainland_entity
    if BASIS in fields:
        yield _drop_untraced_share
    declared = [key for key in DECLARED if is_declared(name, key) and key in fields]
    if declared:
        yield functools.partial(_declare_none, declared)
    if "valid_until" in fields:
        yield _end_license
    if name == "services":
        yield _offer_licensed
        yield functools.partial(_presume_none, presumptions(schemas))


def _locate(regions_of: Callable[[str], tuple[dict[str, Any], str | None]], facts: dict[str, Any]) -> None:
    regions, zone = regions_of(facts["at"])
    facts |= regions
    if zone is not None:
        facts.setdefault("ftz", zone)


def _tell_mainland_entity(facts: dict[str, Any]) -> None:
    if "registered" in facts:  # the place of a company is its registered office
        facts.setdefault("mainland_entity", facts["registered"]["province"] != "overseas")


def _drop_untraced_share(facts: dict[str, Any]) -> None:
    if facts.get(BASIS) != ULTIMATE and facts.get(SHARE, WHOLE) < WHOLE:
        del facts[SHARE]  # a direct share, or one of unknown basis: the ultimate one may be larger


def _declare_none(declared: Iterable[str], facts: dict[str, Any]) -> None:
    for key in declared:
        facts.setdefault(key, [])


def _end_license(facts: dict[str, Any]) -> None:
    """Convert `valid` of a license to a last day, so that rules read only one fact."""
    stated = facts.get("valid")
    if stated is False:
        facts["valid_until"] = FIRST
    elif stated:
        facts.setdefault("valid_until", LAST)


def _offer_licensed(facts: dict[str, Any]) -> None:
    """Add what the operator does with a technology to the offers, also where lists are presumed empty behind these."""
    if "licensed_for" in facts and "offers" in facts:
        facts["offers"] = list(dict.fromkeys([*facts["offers"], *facts["licensed_for"]]))


def _presume_none(presumed: Mapping[str, tuple[str, frozenset[str]]], facts: dict[str, Any]) -> None:
    """Read a list as empty if it is omitted and each word of another fact leaves it empty."""
    for key, (fact, words) in presumed.items():
        if key not in facts and facts.get(fact) and words.issuperset(facts[fact]):
            facts[key] = []


def _regions(whole: bool, schemas: SchemaSet, at: str) -> tuple[dict[str, Any], str | None]:
    """Return the regions of a place in the gazetteer, and the zone unless a profile states one; None if it is open.

    A `whole` place, served or licensed, is larger than any zone and in none. An address in a divided place lies in an
    unknown part of it.
    """
    entry = gazetteer(schemas)[at]
    regions: dict[str, Any] = {}
    if whole or not is_divided(at, schemas):
        regions["within"] = list(within(at, schemas))
    regions["province"] = entry["province"]
    return regions, entry.get("zone", "none") if "zone" in entry or whole else None


def _note_paths(facts: dict[str, Any]) -> dict[int, Path]:
    """Return the path of every object. Inherited objects keep their path at the product, which is visited first."""
    paths: dict[int, Path] = {id(facts): ()}
    _note_below(facts["product"], ("product",), paths)
    for key, value in facts.items():
        _note_below(value, (key,), paths)
    return paths


def _note_below(value: Any, path: Path, paths: dict[int, Path]) -> None:
    if isinstance(value, dict):
        if id(value) in paths:
            return
        paths[id(value)] = path
        for key, child in value.items():
            if isinstance(child, dict | list):
                _note_below(child, (*path, key), paths)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            if isinstance(member, dict | list):
                _note_below(member, (*path, index), paths)


def _dates(value: Any, path: Path, schemas: SchemaSet) -> Iterable[tuple[Path, str]]:
    """Yield every calendar day in the written facts, with its path."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _dates(child, (*path, key), schemas)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _dates(member, (*path, index), schemas)
    elif isinstance(value, str) and len(value) == 10 and describe(path, schemas).get("format") == "date":
        yield path, value


def _beyond_schema(document: Document) -> Iterator[Problem]:
    """Yield the problems of a schema-valid profile beyond its schema."""
    yield from _duplicate_services(document)
    if document.data.get("opinions"):
        from vatspolicy.core.profile.opinions import opinion_problems

        yield from opinion_problems(document)


def _duplicate_services(document: Document) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, service in enumerate(document.data["services"]):
        first = seen.setdefault(service["id"], index)
        if first != index:
            message = _("Another service has the same name (services[{first}]).", first=first)
            yield document.problem(("services", index, "id"), message)


def _broken_invariants(profile: Profile) -> Iterable[Problem]:
    for index in broken_invariants(profile.facts, profile.schemas):
        entry = profile.schemas.load("profile")["x-invariants"][index]
        node, message = invariants(profile.schemas)[index]
        hint = entry.get("hint")
        advice = Bilingual(hint["en"], hint["zh"]) if hint else ""
        sentence = Bilingual(message["en"], message["zh"])
        first, *others = [profile.document.problem(path, sentence, advice) for path in _stated(profile, node)] or [
            profile.document.problem((), sentence, advice)
        ]
        yield first._replace(others=tuple(other.path for other in others))


def _stated(profile: Profile, node: Node) -> list[Path]:
    """Return the paths of the stated facts that a condition reads; of a list, those of its only member."""
    lists = {quantifier.variable: quantifier.list for quantifier in walk(node) if isinstance(quantifier, Quantifier)}
    stated = []
    for fact in (fact for fact in walk(node) if isinstance(fact, Fact)):
        over = lists.get(fact.root)
        owner = profile.facts.get(fact.root)
        if isinstance(over, Fact) and not over.names:
            members = list(profile.facts.get(over.root, []))
            owner = members[0] if len(members) == 1 else owner
        stated.append(profile.path_of(owner, fact.names))
    return list(dict.fromkeys(path for path in stated if path))
