"""Migration of profiles from schema 1 to schema 2.

A step is one change of the format. It takes the tree of the profile, so that comments and the order of keys stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.yaml_tree import YamlCollection, YamlEntry, YamlScalar, parse_tree
from vatspolicy.core.documents.yaml_writer import build_tree, write_tree
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _

NEWEST = 2
"""The schema that a migrated profile is written in."""

RENAMED_KEYS = {"licences": "licenses", "display_of_licence": "display_of_license"}
"""New names of keys, at whatever place they stand."""

RENAMED_WORDS = {
    **{f"{name}-licence": f"{name}-license" for name in ("basic", "vats", "content", "technology")},
    "ai-labelling": "ai-labeling",
    "business-licence-display": "business-license-display",
    "call-centre": "call-center",
    "data-centre": "data-center",
    "defence": "defense",
    "drug-business-licence": "drug-business-license",
    "encryption-import-licence": "encryption-import-license",
    "food-operation-licence": "food-operation-license",
    "foreign-survey-licence": "foreign-survey-license",
    "important-data-catalogue-filing": "important-data-catalog-filing",
    "licence-change-application": "license-change-application",
    "licence-change-approval": "license-change-approval",
    "licence-number-display": "license-number-display",
    "licence-renewal": "license-renewal",
    "medical-practice-licence": "medical-practice-license",
    "micro-lending-licence": "micro-lending-license",
    "network-access-licence": "network-access-license",
    "own-data-centre": "own-data-center",
    "partner-licence-check": "partner-license-check",
    "personal-credit-reporting-licence": "personal-credit-reporting-license",
    "publication-business-licence": "publication-business-license",
    "telecom-licence-display": "telecom-license-display",
}
"""New names of words of the vocabulary; a title or a note that is such a word stays."""

FREE_TEXT = frozenset({"id", "title", "description", "name", "number"})
"""Keys whose values are the author's own words."""


class CannotMigrate(Exception):
    """A fact that schema 2 asks for and schema 1 does not tell. The text is a sentence; `hint` says how to go on."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


Step = Callable[[YamlCollection], None]
"""Changes the root of a profile's tree in place. Raises CannotMigrate."""


def migrate_profile(document: Document) -> Document:
    """Return a profile of schema 1 in schema 2; any other document as it is.

    Raises:
        InvalidInput: A fact of schema 2 cannot be told from the profile.
    """
    if not _is_old_profile(document.data):
        return document
    tree = parse_tree(document.text)
    assert isinstance(tree.root, YamlCollection)
    try:
        for step in STEPS:
            step(tree.root)
    except CannotMigrate as error:
        raise InvalidInput([Problem(document.file, 1, 1, "", str(error), error.hint)]) from None
    return parse_document(write_tree(tree), document.file)


def _is_old_profile(data: Tree) -> bool:
    return isinstance(data, dict) and {"product", "company", "services"} <= data.keys() and data.get("schema") == 1


# --- edits of a tree, for steps


def find_entry(node: YamlCollection, key: str) -> YamlEntry | None:
    """Return the entry of a mapping under a key; None if there is none."""
    return next((entry for entry in node.entries if entry.key is not None and entry.key.value == key), None)


def find_mapping(node: YamlCollection, key: str) -> YamlCollection | None:
    """Return the mapping or list under a key; None if there is none."""
    entry = find_entry(node, key)
    return entry.value if entry is not None and isinstance(entry.value, YamlCollection) else None


def put_entry(node: YamlCollection, key: str, value: Tree) -> None:
    """Set a key of a mapping to a plain value, at its old place or at the end."""
    tree, entry = build_tree(value, path=(key,)), find_entry(node, key)
    if entry is None:
        node.entries.append(YamlEntry(YamlScalar(key, '"'), tree))
    else:
        entry.value = tree


def drop_entry(node: YamlCollection, key: str) -> Tree:
    """Remove a key of a mapping and return its plain value; None if there was none. Its comments go with it."""
    entry = find_entry(node, key)
    if entry is None:
        return None
    node.entries.remove(entry)
    return read_value(entry.value)


def read_value(node: YamlScalar | YamlCollection) -> Tree:
    """Return the plain value of a tree."""
    from vatspolicy.core.documents.yaml_tree import YamlText

    text = write_tree(YamlText([], YamlCollection(True, False, [YamlEntry(YamlScalar("value", ""), node)])))
    return parse_document(text, "<part>").data["value"]


def list_services(root: YamlCollection) -> Iterator[YamlCollection]:
    """Yield the mappings of the services."""
    services = find_mapping(root, "services")
    for entry in services.entries if services is not None else ():
        if isinstance(entry.value, YamlCollection):
            yield entry.value


def list_entities(root: YamlCollection) -> Iterator[YamlCollection]:
    """Yield the mappings of the company and the partner."""
    for key in ("company", "partner"):
        entity = find_mapping(root, key)
        if entity is not None:
            yield entity


# --- steps


def _raise_schema(root: YamlCollection) -> None:
    entry = find_entry(root, "schema")
    assert entry is not None
    entry.value = YamlScalar(str(NEWEST), "")


def _spell_american(node: YamlCollection) -> None:
    """Give keys and words their American spelling."""
    for entry in node.entries:
        if entry.key is not None:
            entry.key.value = RENAMED_KEYS.get(entry.key.value, entry.key.value)
            entry.key.raw = ""
        if isinstance(entry.value, YamlCollection):
            _spell_american(entry.value)
        elif (entry.key is None or entry.key.value not in FREE_TEXT) and entry.value.value in RENAMED_WORDS:
            entry.value = YamlScalar(RENAMED_WORDS[entry.value.value], '"')


def _gather_opinions(root: YamlCollection) -> None:
    """Move the opinions on classes from the services to the opinions of the profile."""
    found = []
    for service in list_services(root):
        opinion, id = drop_entry(service, "class_opinion"), find_entry(service, "id")
        if opinion is not None and id is not None:
            on_classes = {"about": "class", "service": read_value(id.value), "classes": opinion["classes"]}
            found.append({**on_classes, "by": opinion["from"], "date": opinion["date"]})
    if found:
        put_entry(root, "opinions", found)


def _name_missing_means(root: YamlCollection) -> None:
    """Replace "the means are ready" by the list of what is still missing."""
    for entity in list_entities(root):
        ready = drop_entry(entity, "operating_means_ready")
        if ready is False:
            raise CannotMigrate(
                _("The profile says that the means to operate are not ready, and not which of them are missing."),
                _(
                    "Remove operating_means_ready, and list in lacking_means what is missing: staff, "
                    "premises, facilities, plan, long-term-service."
                ),
            )
        if ready:
            put_entry(entity, "lacking_means", [])


def _split_control(root: YamlCollection) -> None:
    """Replace "the deal gives control" by what foreign investors can influence; control always decides resolutions."""
    deals = find_mapping(root, "deals")
    for entry in deals.entries if deals is not None else ():
        if isinstance(entry.value, YamlCollection):
            control = drop_entry(entry.value, "gives_control")
            if control is not None:
                put_entry(entry.value, "foreign_influence", ["resolutions"] if control else [])


UNREAD_FACTS = {
    "product": ("domain_approved",),
    "partner": ("listing",),
    "services": ("merchants", "display_of_license"),
}
"""Facts that no rule reads, by the part of the profile that had them."""

SPLIT_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sells": {"third-party-goods": ("outside-goods",), "third-party-services": ("outside-services",)},
    "features": {"user-content": ("user-posts", "user-exchange"), "public-opinion": ("public-mobilization",)},
}
"""New words of lists of a service; of several readings of an old word, all are taken."""


def _drop_unread_facts(root: YamlCollection) -> None:
    """Remove facts that no rule reads, and the persons of vehicles, who are persons of the data."""
    for part, names in UNREAD_FACTS.items():
        single = find_mapping(root, part)
        nodes = list_services(root) if part == "services" else (single,) if single is not None else ()
        for node in nodes:
            for name in names:
                drop_entry(node, name)
    product = find_mapping(root, "product")
    vehicle = find_mapping(product, "vehicle") if product is not None else None
    persons = drop_entry(vehicle, "persons") if vehicle is not None else None
    if persons is not None:
        data = find_mapping(root, "data")
        if data is None:
            put_entry(root, "data", {"persons": persons})
        elif find_entry(data, "persons") is None:
            put_entry(data, "persons", persons)


def _split_words(root: YamlCollection) -> None:
    """Replace words that named two things: outside sellers and resold goods, posts and exchange."""
    for service in list_services(root):
        for name, words in SPLIT_WORDS.items():
            listed = find_mapping(service, name)
            if listed is not None:
                for old, new in words.items():
                    _replace_member(listed, old, new)


def _replace_member(listed: YamlCollection, old: str, new: tuple[str, ...]) -> None:
    members = {entry.value.value for entry in listed.entries if isinstance(entry.value, YamlScalar)}
    for place, entry in enumerate(listed.entries):
        if isinstance(entry.value, YamlScalar) and entry.value.value == old:
            fresh = [word for word in new if word not in members]
            listed.entries[place + 1 : place + 1] = [YamlEntry(None, YamlScalar(word, '"')) for word in fresh[1:]]
            if fresh:
                entry.value = YamlScalar(fresh[0], '"')
            else:
                del listed.entries[place]
            return


STEPS: tuple[Step, ...] = (
    _raise_schema,
    _spell_american,
    _drop_unread_facts,
    _split_words,
    _name_missing_means,
    _split_control,
    _gather_opinions,
)
