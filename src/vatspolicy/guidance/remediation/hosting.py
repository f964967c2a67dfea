"""Changes of hosting: the servers of a service come to mainland China, or leave it."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.core.profile.profile import Profile
from vatspolicy.guidance.remediation.change import Change, Edit, mutable_facts
from vatspolicy.guidance.remediation.relocation import OWNED, is_owned


def find_hosting_changes(profile: Profile) -> Iterator[Change]:
    """Yield the other place of hosting for each service that states one."""
    mutability = mutable_facts(profile.schemas)["services", "hosting"]
    for index, service in enumerate(profile.facts["services"]):
        hosting = service.get("hosting")
        if hosting is None:
            continue
        abroad = hosting == "mainland"
        edits = [Edit(("services", index, "hosting"), "overseas" if abroad else "mainland")]
        edits += _go_abroad(profile, index) if abroad else _come_to_mainland(profile, index)
        owned = abroad and any(map(is_owned, service.get("facilities") or ()))
        yield Change(
            "hosting",
            (service["id"], "overseas" if abroad else "mainland"),
            mutability.cost + (OWNED if owned else 0),
            tuple(edits),
            frozenset({"services.hosting", "services.facilities"} if abroad else {"services.hosting"}),
            mutability.rest["abroad"] if abroad else mutability.phrase,
            frozenset({service["id"]}),
        )


def _go_abroad(profile: Profile, index: int) -> Iterator[Edit]:
    """Yield the edits that hosting abroad brings: facilities abroad, and data of mainland users that leaves."""
    facilities = profile.facts["services"][index].get("facilities")
    if facilities and any(facility["province"] != "overseas" for facility in facilities):
        yield Edit(("services", index, "facilities"), ["overseas"])
    if profile.facts.get("data", {}).get("leaves_mainland") is False:
        yield Edit(("data", "leaves_mainland"), True)


def _come_to_mainland(profile: Profile, index: int) -> Iterator[Edit]:
    """Yield the edit of facilities that hosting in the mainland needs: those abroad move to the office."""
    facilities = profile.facts["services"][index].get("facilities")
    office = profile.facts["company"].get("registered")
    if (
        facilities
        and office
        and office["province"] != "overseas"
        and all(facility["province"] == "overseas" for facility in facilities)
    ):
        yield Edit(("services", index, "facilities"), [{key: office[key] for key in ("at", "ftz") if key in office}])
