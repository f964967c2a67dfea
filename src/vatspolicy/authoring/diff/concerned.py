"""Companies, places and services that the shown changes of decisions concern, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from vatspolicy.authoring.diff.decisions import Row
from vatspolicy.authoring.diff.result import Concerned, Item, Transition
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.core.profile.wording import FactWording


def find_concerned(
    rows: Sequence[Row], transitions: Iterable[Transition], edits: Iterable[Item], schemas: SchemaSet
) -> Concerned:
    """Return the foreign shares, registered offices and services of products whose decision changes.

    Where no compared product changes, those of the witnesses of the transitions and of the edits are taken; if there
    are others, none with an opinion, which mostly nobody gave.
    """
    wording = FactWording(schemas)
    subjects: list[tuple[Facts, Sequence[str]]] = [(row.product.document.data, row.services) for row in rows]
    if not subjects:
        shown = [entry.witness for entry in transitions if "incomplete" not in (entry.before, entry.after)]
        shown += [edit.proof.witness for edit in edits if edit.proof.transitions]
        profiles = [witness.profile for witness in shown if witness is not None]
        real = [profile for profile in profiles if "opinions" not in profile]
        subjects = [(profile, ()) for profile in real or profiles]
    shares: set[float] = set()
    places: dict[str, LocalizedText] = {}
    services: dict[str, LocalizedText] = {}
    for profile, named in subjects:
        company = profile.get("company", {})
        if "foreign_percent" in company:
            shares.add(company["foreign_percent"])
        if "registered" in company:
            place = company["registered"]
            _add(places, wording.place(place["at"] if isinstance(place, Mapping) else place))
        for index, service in enumerate(profile.get("services", ())):
            if not named or service["id"] in named:
                for offer in service.get("offers", ()):
                    _add(services, wording.value([offer], ("services", index, "offers")))
    return Concerned(
        products=len({row.product.name for row in rows}),
        foreign_percent=(min(shares), max(shares)) if shares else (),
        registered=tuple(places.values()),
        services=tuple(services.values()),
    )


def _add(found: dict[str, LocalizedText], text: LocalizedText) -> None:
    found.setdefault(text["en"], {"en": text["en"], "zh": text["zh"]})
