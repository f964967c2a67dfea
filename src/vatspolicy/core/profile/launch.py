"""A launch of several companies: one document, expanded to an ordinary profile for each part, with its places kept.

A part has the services of one company that run alone or with one partner. Companies and partners stand once, by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from vatspolicy.core.documents import Document, DocumentNode, Path
from vatspolicy.core.documents.launch_schema import BY_CONTRACT, LAUNCH, OWN
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.profile.edits import change, get_fact, is_launch
from vatspolicy.errors import InvalidInput, Problem, first_problems, suggest
from vatspolicy.i18n import Listing, _

if TYPE_CHECKING:
    from vatspolicy.core.documents.schemas import SchemaSet

_BY_ID = ("companies", "partners")
_OTHER = "other"
"""Target of a deal that concerns another company."""


class LaunchPart(NamedTuple):
    """One part of a launch."""

    name: str
    company: str
    partner: str | None
    services: tuple[int, ...]
    """Places of its services in the launch."""


def open_launch(
    document: Document, changes: Iterable[tuple[str, Any]] = (), schemas: SchemaSet | None = None, name: str = ""
) -> list[Document]:
    """Return the profiles of a launch, or the profile of a named part.

    Changes of companies and partners are made in the launch, the others in its parts: `product.launch` in each.

    Raises:
        InvalidInput: The launch is not valid, has no such part, or a path belongs to one part and none is named.
    """
    if not is_launch(document):
        message = _("Only a launch with several companies has parts.")
        raise InvalidInput([document.problem((), message, _("Remove #{part} from the name.", part=name))])
    made: dict[bool, list[tuple[str, Any]]] = {True: [], False: []}
    for path, value in changes:
        first = path.partition(".")[0]
        if path == "product.id" or not (name or first in (*_BY_ID, "product", "data")):
            message = _("This path cannot be set for all parts of a launch.")
            hint = _("Choose one part with {file}#PART, or set a fact below companies or partners.", file=document.file)
            raise InvalidInput([Problem(document.file, 1, 1, path, message, hint)])
        made[first in _BY_ID].append((path, value))
    launch = change(document, made[True])
    if problems := validate(launch, LAUNCH, schemas) or first_problems(_beyond_schema(launch)):
        raise InvalidInput(problems)
    parts = {part.name: part for part in _parts(launch.data)}
    if name and name not in parts:
        message = _("The launch has no part {name!r}.", name=name)
        raise InvalidInput([launch.problem(("companies",), message, _one_of(name, parts))])
    return [change(_expand(launch, part), made[False]) for part in parts.values() if name in ("", part.name)]


def _parts(data: Mapping[str, Any]) -> Iterator[LaunchPart]:
    """Yield the parts of a launch, in the order of its companies. Each of several partners of a company has a part."""
    for company in data["companies"]:
        behind: dict[str | None, list[int]] = {}
        for index, service in enumerate(data["services"]):
            if company in (service["operator"], service.get("company")):
                partner = None if service["operator"] == company else service["operator"]
                behind.setdefault(partner, []).append(index)
        partners = [partner for partner in behind if partner is not None]
        if len(partners) == 1:  # a profile can have only one
            behind = {partners[0]: sorted(chain.from_iterable(behind.values()))}
        for partner, places in behind.items():
            name = f"{company}-{partner}" if partner and len(partners) > 1 else company
            yield LaunchPart(name, company, partner, tuple(places))


# --- expansion --------------------------------------------------------------------------------------------------------


def _expand(document: Document, part: LaunchPart) -> Document:
    """Return the profile of a part of a valid launch. Its places are those of the launch."""
    source, data = _Source(document), document.data
    own: Path = ("companies", part.company)
    stated = data["companies"][part.company]
    product = source.take_all(("product",), (*own, "product"))
    product["id"] = product["id"]._replace(value=f"{data['product']['id']}-{part.name}")
    made = {
        "schema": source.take(("schema",)),
        "product": source.join(("product",), product),
        "company": source.join(own, {key: source.take((*own, key)) for key in stated if key not in OWN}),
        "services": source.list(("services",), [_service(source, index) for index in part.services]),
    }
    if part.partner:
        made["partner"] = source.take(("partners", part.partner))
    if facts := source.take_all(("data",), (*own, "data")):
        made["data"] = source.join(("data",), facts)
    if deals := data.get("deals"):
        made["deals"] = source.list(("deals",), [_deal(source, index, part) for index in range(len(deals))])
    if stated.get("filings"):
        made["filings"] = source.take((*own, "filings"))
    if opinions := stated.get("opinions"):
        about, here = (*own, "opinions"), {None, *(data["services"][index]["id"] for index in part.services)}
        kept = [(*about, index) for index, opinion in enumerate(opinions) if opinion.get("service") in here]
        made["opinions"] = source.list(about, [source.take(path) for path in kept])
    whole = source.join((), made)
    return replace(document, file=f"{document.file}#{part.name}", data=whole.value, tree=whole.node)


def _service(source: _Source, index: int) -> _Piece:
    """Return a service of a profile, with its operator in the form of a profile."""
    facts = source.take_all(("services", index))
    operator, by = facts.pop("operator"), facts.pop("operated_by", None)
    facts.pop("company", None)
    operated_by = (by and by.value) or ("company" if operator.value in source.data["companies"] else "partner")
    return source.join(("services", index), {**facts, "operated_by": operator._replace(value=operated_by)})


def _deal(source: _Source, index: int, part: LaunchPart) -> _Piece:
    """Return a deal of a profile, with its target relative to this part."""
    facts = source.take_all(("deals", index))
    if (target := facts.get("target")) is not None and target.value is not None:
        seen = {part.company: "company", part.partner: "partner"}.get(target.value, _OTHER)
        facts["target"] = target._replace(value=seen)
    return source.join(("deals", index), facts)


class _Piece(NamedTuple):
    """A value with its place in the text of the launch, and that of its key."""

    value: Any
    node: DocumentNode
    key: int


class _Source:
    """A launch as the source of pieces."""

    def __init__(self, document: Document) -> None:
        self.data, self._document = document.data, document

    def take(self, path: Path) -> _Piece:
        """Return the value at a path. A value that was set has the place of the nearest parent."""
        nodes = self._document.nodes(path)
        node, keys = nodes[-1], nodes[-2].keys if len(nodes) > 1 else None
        if len(nodes) <= len(path):
            node = DocumentNode(None, node.start, node.text_start)
        return _Piece(get_fact(self.data, path), node, (keys or {}).get(str(path[-1]), node.start))

    def take_all(self, *paths: Path) -> dict[str, _Piece]:
        """Return the members of mappings by key; a later mapping wins."""
        return {key: self.take((*path, key)) for path in paths for key in get_fact(self.data, path) or ()}

    def join(self, at: Path, pieces: Mapping[str, _Piece]) -> _Piece:
        """Return a mapping of pieces, which has its place at a path."""
        start, keys = self._document.nodes(at)[-1].start, {key: piece.key for key, piece in pieces.items()}
        node = DocumentNode({key: piece.node for key, piece in pieces.items()}, start, start, keys=keys)
        return _Piece({key: piece.value for key, piece in pieces.items()}, node, start)

    def list(self, at: Path, pieces: Sequence[_Piece]) -> _Piece:
        """Return a list of pieces, which has its place at a path."""
        start = self._document.nodes(at)[-1].start
        node = DocumentNode([piece.node for piece in pieces], start, start)
        return _Piece([piece.value for piece in pieces], node, start)


# --- problems ---------------------------------------------------------------------------------------------------------


def _beyond_schema(document: Document) -> Iterator[Problem]:
    """Yield the problems of a schema-valid launch beyond its schema."""
    data = document.data
    companies, partners = data["companies"], data.get("partners") or {}
    used = {service.get(key) for service in data["services"] for key in ("operator", "company")}
    wrong = [problem for index in range(len(data["services"])) for problem in _operator_problems(document, index)]
    yield from wrong
    if wrong:
        return  # other problems may follow from these
    for path in (*(("companies", id) for id in companies), *(("partners", id) for id in partners)):
        if path[1] not in used:
            message = _("No service refers to {id!r}.", id=path[1])
            yield document.problem(path, message, _("Refer to it in a service, or remove it."), key=True)
    parts = list(_parts(data))
    yield from _repeated(document, ((("partners", id), id) for id in partners), {_OTHER, *companies})
    yield from _repeated(document, ((("companies", part.company), part.name) for part in parts))
    services = enumerate(data["services"])
    yield from _repeated(document, ((("services", index, "id"), service["id"]) for index, service in services))
    for index, deal in enumerate(data.get("deals") or ()):
        if deal.get("target") not in (None, _OTHER, *companies, *partners):
            yield _unknown(document, ("deals", index, "target"), [*companies, *partners, _OTHER])
    for id, company in companies.items():
        own = [data["services"][index]["id"] for part in parts if part.company == id for index in part.services]
        for index, opinion in enumerate(company.get("opinions") or ()):
            if opinion.get("service") not in (None, *own):
                yield _unknown(document, ("companies", id, "opinions", index, "service"), own)


def _operator_problems(document: Document, index: int) -> Iterator[Problem]:
    """Yield the problem with the operator of a service, if any."""
    path: Path = ("services", index)
    companies, partners = document.data["companies"], document.data.get("partners") or {}
    service = document.data["services"][index]
    operator, company = service["operator"], service.get("company")
    if operator not in companies and operator not in partners:
        yield _unknown(document, (*path, "operator"), [*companies, *partners])
    elif operator in companies and company not in (None, operator):
        message = _("{operator!r} is a company of the launch and runs the service itself.", operator=operator)
        hint = _("Remove company. If the operator is independent, or controlled by contracts, list it under partners.")
        yield document.problem((*path, "company"), message, hint)
    elif operator in companies and service.get("operated_by") == BY_CONTRACT:
        message = _("A company cannot control itself by contracts.")
        yield document.problem((*path, "operated_by"), message, _("List the operator under partners."))
    elif operator in partners and company is None:
        message = _("{operator!r} is a partner, but the service does not state the company.", operator=operator)
        hint = _("Add company: {ids}.", ids=Listing(companies, "or"))
        yield document.problem((*path, "operator"), message, hint)
    elif company is not None and company not in companies:
        yield _unknown(document, (*path, "company"), list(companies))


def _repeated(document: Document, named: Iterable[tuple[Path, str]], taken: Iterable[str] = ()) -> Iterator[Problem]:
    """Yield a problem at each path with a duplicate name."""
    seen = set(taken)
    for path, name in named:
        if name in seen:
            message = _("The name {name!r} is already in use.", name=name)
            yield document.problem(path, message, _("Choose another name."), key=path[0] != "services")
        seen.add(name)


def _unknown(document: Document, path: Path, known: Sequence[str]) -> Problem:
    """Return the problem of an unknown id."""
    name = get_fact(document.data, path)
    return document.problem(path, _("The id {name!r} does not exist here.", name=name), _one_of(name, known))


def _one_of(word: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known name, or all known names."""
    return suggest(word, known) or _("Known: {every}.", every=Listing(known))
