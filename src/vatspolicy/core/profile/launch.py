"""A launch of several companies: one document, expanded to an ordinary profile for each part, with its places kept.

A part has the services of one company that run alone or with one partner. Companies and partners stand once, by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from vatspolicy.core.documents import Document, Node, Path
from vatspolicy.core.documents.launch_schema import BY_CONTRACT, NAME, OWN
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.profile import change, is_launch
from vatspolicy.errors import InvalidInput, Problem, did_you_mean, first_problems, nearest
from vatspolicy.i18n import Listing, _

if TYPE_CHECKING:
    from vatspolicy.core.documents.schemas import SchemaSet

_OF_LAUNCH = ("companies", "partners")
COMPANY, PARTNER, OTHER = "company", "partner", "other"


class Part(NamedTuple):
    """One part of a launch."""

    name: str
    company: str
    partner: str | None
    services: tuple[int, ...]
    """Places of its services in the launch."""


def open_parts(
    document: Document, changes: Iterable[tuple[str, Any]], schemas: SchemaSet | None, name: str = ""
) -> list[Document]:
    """Return the profiles of a launch, or the one of a part by name.

    Changes of companies and partners are made in the launch, the others in its parts: `product.launch` in each.

    Raises:
        InvalidInput: The launch is not valid, has no such part, or a path belongs to one part, and none is named.
    """
    if not is_launch(document):
        message = _("Only a launch of several companies has parts.")
        raise InvalidInput([document.problem((), message, _("Remove #{part} from the name.", part=name))])
    above: list[tuple[str, Any]] = []
    below: list[tuple[str, Any]] = []
    for one in changes:
        first = one[0].partition(".")[0]
        if (not name and first not in (*_OF_LAUNCH, "product", "data")) or one[0] == "product.id":
            message = _("This path cannot be set for all parts of a launch.")
            hint = _("Name one part as {file}#PART, or set a fact below companies or partners.", file=document.file)
            raise InvalidInput([Problem(document.file, 1, 1, one[0], message, hint)])
        (above if first in _OF_LAUNCH else below).append(one)
    launch = change(document, above)
    parts = read_parts(launch, schemas)
    if name:
        parts = [find_part(parts, name, launch)]
    return [change(expand(launch, part), below) for part in parts]


def read_parts(document: Document, schemas: SchemaSet | None = None) -> list[Part]:
    """Return the parts of a launch, in the order of its companies.

    Raises:
        InvalidInput: The document breaks the schema, or an id is unknown, unused or ambiguous.
    """
    problems = validate(document, NAME, schemas) or first_problems(_beyond_schema(document))
    if problems:
        raise InvalidInput(problems)
    return list(_parts(document.data))


def find_part(parts: Iterable[Part], name: str, document: Document) -> Part:
    """Return the part of a name. Raises InvalidInput where there is none."""
    found = {part.name: part for part in parts}
    if name not in found:
        message = _("The launch has no part {name!r}.", name=name)
        raise InvalidInput([document.problem(("companies",), message, _one_of(name, list(found)))])
    return found[name]


def expand(document: Document, part: Part) -> Document:
    """Return the profile of a part of a valid launch. Its places are those of the launch."""
    source, data = _Source(document), document.data
    own: Path = ("companies", part.company)
    stated = data["companies"][part.company]
    facts = {key: source.take((*own, key)) for key in stated if key not in OWN}
    product = source.take_all(("product",), (*own, "product"))
    product["id"] = product["id"]._replace(value=f"{data['product']['id']}-{part.name}")
    made = {
        "schema": source.take(("schema",)),
        "product": source.join(("product",), product),
        COMPANY: source.join(own, facts),
        **({PARTNER: source.take(("partners", part.partner))} if part.partner else {}),
        "services": source.list(("services",), [_service(source, place) for place in part.services]),
    }
    if data.get("data") is not None or stated.get("data") is not None:
        made["data"] = source.join(("data",), source.take_all(("data",), (*own, "data")))
    if deals := data.get("deals"):
        made["deals"] = source.list(("deals",), [_deal(source, place, part) for place in range(len(deals))])
    if stated.get("filings"):
        made["filings"] = source.take((*own, "filings"))
    if opinions := stated.get("opinions"):
        here = {None, *(data["services"][place]["id"] for place in part.services)}
        kept = [place for place, one in enumerate(opinions) if one.get("service") in here]
        about = (*own, "opinions")
        made["opinions"] = source.list(about, [source.take((*about, place)) for place in kept])
    whole = source.join((), made)
    return replace(document, file=f"{document.file}#{part.name}", data=whole.value, tree=whole.node)


def _service(source: _Source, place: int) -> _Piece:
    """Return a service of a profile: who runs it is said in the words of a profile."""
    path: Path = ("services", place)
    service = source.data["services"][place]
    by = service.get("operated_by") or (COMPANY if service["operator"] in source.data["companies"] else PARTNER)
    facts = {key: source.take((*path, key)) for key in service if key not in ("operator", COMPANY, "operated_by")}
    return source.join(path, {**facts, "operated_by": source.take((*path, "operator"))._replace(value=by)})


def _deal(source: _Source, place: int, part: Part) -> _Piece:
    """Return a deal of a profile: its target as this part sees it. A deal on another company of the launch stays."""
    path: Path = ("deals", place)
    facts = source.take_all(path)
    if (target := facts.get("target")) is not None and target.value is not None:
        seen = {part.company: COMPANY, part.partner: PARTNER}.get(target.value, OTHER)
        facts["target"] = target._replace(value=seen)
    return source.join(path, facts)


class _Piece(NamedTuple):
    """A value with its place in the text of the launch."""

    value: Any
    node: Node
    key: int
    """Place of its key."""


class _Source:
    """A launch as the source of pieces."""

    def __init__(self, document: Document) -> None:
        self.data, self._document = document.data, document

    def take(self, path: Path) -> _Piece:
        """Return the value at a path. One that was set has the place of the nearest parent."""
        nodes = self._document.nodes(path)
        node, keys = nodes[-1], nodes[-2].keys if len(nodes) > 1 else None
        if len(nodes) <= len(path):
            node = Node(None, node.start, node.text_start)
        return _Piece(get_fact(self.data, path), node, (keys or {}).get(str(path[-1]), node.start))

    def take_all(self, *paths: Path) -> dict[str, _Piece]:
        """Return the members of mappings by key; a later mapping wins."""
        return {key: self.take((*path, key)) for path in paths for key in get_fact(self.data, path) or ()}

    def join(self, at: Path, pieces: Mapping[str, _Piece]) -> _Piece:
        """Return a mapping of pieces, which has its place at a path."""
        start = self._document.nodes(at)[-1].start
        node = Node({key: one.node for key, one in pieces.items()}, start, start)
        node.keys = {key: one.key for key, one in pieces.items()}
        return _Piece({key: one.value for key, one in pieces.items()}, node, start)

    def list(self, at: Path, pieces: Sequence[_Piece]) -> _Piece:
        """Return a list of pieces, which has its place at a path."""
        start = self._document.nodes(at)[-1].start
        return _Piece([one.value for one in pieces], Node([one.node for one in pieces], start, start), start)


def _parts(data: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the parts of a launch. Several partners of a company are parts of their own."""
    for company in data["companies"]:
        behind: dict[str | None, list[int]] = {}
        for place, service in enumerate(data["services"]):
            operator = service["operator"]
            if operator == company:
                behind.setdefault(None, []).append(place)
            elif service.get("company") == company:
                behind.setdefault(operator, []).append(place)
        partners = [partner for partner in behind if partner is not None]
        if len(partners) == 1:  # a profile has room for one
            behind = {partners[0]: sorted(chain.from_iterable(behind.values()))}
        for partner, places in behind.items():
            name = f"{company}-{partner}" if partner and len(partners) > 1 else company
            yield Part(name, company, partner, tuple(places))


def _beyond_schema(document: Document) -> Iterator[Problem]:
    """Yield the problems of a schema-valid launch that its schema cannot find."""
    data = document.data
    companies, partners = data["companies"], data.get("partners") or {}
    seen: dict[str, int] = {}
    used: set[str] = set()
    for place, service in enumerate(data["services"]):
        used |= {service["operator"], service.get("company") or service["operator"]}
        yield from _operator_problems(document, place, companies, partners)
        first = seen.setdefault(service["id"], place)
        if first != place:
            message = _("Another service has the same name (services[{first}]).", first=first)
            yield document.problem(("services", place, "id"), message)
    for group, ids in (("companies", companies), ("partners", partners)):
        for id in ids:
            if id not in used:
                message = _("No service names {id!r}.", id=id)
                yield document.problem((group, id), message, _("Name it in a service, or remove it."), key=True)
    for id in partners:
        if id in companies or id == OTHER:
            message = _("The id {id!r} has another meaning already.", id=id)
            yield document.problem(("partners", id), message, _("Choose another id."), key=True)
    yield from _other_problems(document, {*companies, *partners, OTHER})


def _operator_problems(
    document: Document, place: int, companies: Mapping[str, Any], partners: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield the problems of who runs a service."""
    service = document.data["services"][place]
    path: Path = ("services", place)
    operator, company = service["operator"], service.get("company")
    if operator not in companies and operator not in partners:
        message = _("No company or partner has the id {id!r}.", id=operator)
        yield document.problem((*path, "operator"), message, _one_of(operator, [*companies, *partners]))
    elif operator in companies and company not in (None, operator):
        message = _("{operator!r} is a company of the launch, so the service is its own.", operator=operator)
        hint = _("Remove company. If it is independent, or controlled by contracts, list it under partners.")
        yield document.problem((*path, "company"), message, hint)
    elif operator in companies and service.get("operated_by") == BY_CONTRACT:
        message = _("A company does not control itself by contracts.")
        yield document.problem((*path, "operated_by"), message, _("List the operator under partners."))
    elif operator in partners and company is None:
        message = _("{operator!r} is a partner, and the service does not say for which company.", operator=operator)
        yield document.problem((*path, "operator"), message, _("Add company: {ids}.", ids=Listing(companies, "or")))
    elif company is not None and company not in companies:
        message = _("No company has the id {id!r}.", id=company)
        yield document.problem((*path, "company"), message, _one_of(company, list(companies)))


def _other_problems(document: Document, known: set[str]) -> Iterator[Problem]:
    """Yield the problems of deals, opinions, and names of parts."""
    data = document.data
    for place, deal in enumerate(data.get("deals") or ()):
        target = deal.get("target")
        if target is not None and target not in known:
            message = _("No company or partner has the id {id!r}.", id=target)
            yield document.problem(("deals", place, "target"), message, _one_of(target, sorted(known)))
    parts = list(_parts(data))
    for place, part in enumerate(parts):
        if part.name in {other.name for other in parts[:place]}:
            message = _("Two parts of the launch would have the name {name!r}.", name=part.name)
            yield document.problem(("companies", part.company), message, _("Choose another id."), key=True)
    for id, company in data["companies"].items():
        own = {data["services"][place]["id"] for part in parts if part.company == id for place in part.services}
        for place, opinion in enumerate(company.get("opinions") or ()):
            service = opinion.get("service")
            if service is not None and service not in own:
                message = _("{company!r} has no service {service!r}.", company=id, service=service)
                at = ("companies", id, "opinions", place, "service")
                yield document.problem(at, message, _one_of(service, sorted(own)))


def _one_of(word: str, known: Sequence[str]) -> str:
    """Return a hint on the names that are known: the nearest one, or all."""
    return did_you_mean(nearest(word, known)) or _("Known: {every}.", every=Listing(known))
