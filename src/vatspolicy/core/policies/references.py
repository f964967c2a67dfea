"""References between policies: each instrument, route and predecessor that one file names is in another."""

from __future__ import annotations

from collections.abc import Mapping

from vatspolicy.core.documents import Document, Path
from vatspolicy.core.policies.model import NEVER
from vatspolicy.errors import Problem, suggest
from vatspolicy.i18n import _


def find_instrument_problems(by_id: Mapping[str, Document]) -> list[Problem]:
    """Return problems of instruments: each that a rule names is established in exactly one file."""
    owners: dict[str, Document] = {}
    problems = []
    for document in by_id.values():
        for name in document.data.get("instruments", {}):
            if name in owners:
                message = _("{file} also establishes this instrument.", file=owners[name].file)
                problems.append(document.problem(("instruments", name), message))
            owners.setdefault(name, document)
    for document in by_id.values():
        for i, rule in enumerate(document.data.get("rules", [])):
            for effect in ("need", "route", "duty"):
                name = rule.get(effect, {}).get("instrument")
                if name is not None and name not in owners:
                    message = _("No policy establishes the instrument {name!r}.", name=name)
                    problems.append(
                        document.problem(("rules", i, effect, "instrument"), message, suggest(name, owners))
                    )
    return problems


def find_route_problems(by_id: Mapping[str, Document]) -> list[Problem]:
    """Return problems of needs without a route, routes without a need, and `supersedes` that name no policy."""
    needs: dict[str, list[tuple[Document, Path]]] = {}
    routes: dict[str, list[tuple[Document, Path]]] = {}
    problems = []
    for document in by_id.values():
        for i, rule in enumerate(document.data.get("rules", [])):
            if "through" in rule.get("need", {}):
                needs.setdefault(rule["need"]["through"], []).append((document, ("rules", i, "need", "through")))
            if "route" in rule:
                routes.setdefault(rule["route"]["to"], []).append((document, ("rules", i, "route", "to")))
        for i, earlier in enumerate(document.data.get("supersedes", [])):
            if earlier not in by_id:
                message = _("There is no policy {earlier!r}.", earlier=earlier)
                problems.append(document.problem(("supersedes", i), message, suggest(earlier, by_id)))
            elif by_id[earlier].data["effective"].get("until", NEVER) != document.data["effective"]["from"]:
                message = _("The superseded policy must end on the day this one begins.")
                problems.append(document.problem(("supersedes", i), message))
    for name, places in routes.items():
        if name not in needs:
            problems += [
                document.problem(path, _("No need goes through {name!r}.", name=name)) for document, path in places
            ]
    for name, places in needs.items():
        if name not in routes:
            problems += [
                document.problem(path, _("There is no route to {name!r}.", name=name)) for document, path in places
            ]
        problems += [
            document.problem(path, _("Another need already covers the same routes.")) for document, path in places[1:]
        ]
    return problems
