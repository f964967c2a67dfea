"""References between policies: instruments, routes and predecessors in other files."""

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
                    path: Path = ("rules", i, effect, "instrument")
                    problems.append(document.problem(path, message, suggest(name, owners)))
    return problems


def find_route_problems(by_id: Mapping[str, Document]) -> list[Problem]:
    """Return problems of needs without a route, routes without a need, and `supersedes` that name no policy."""
    problems = []
    for document in by_id.values():
        for i, earlier in enumerate(document.data.get("supersedes", [])):
            if earlier not in by_id:
                message, hint = _("There is no policy {earlier!r}.", earlier=earlier), suggest(earlier, by_id)
                problems.append(document.problem(("supersedes", i), message, hint))
            elif by_id[earlier].data["effective"].get("until", NEVER) != document.data["effective"]["from"]:
                message = _("The superseded policy must end on the day this one begins.")
                problems.append(document.problem(("supersedes", i), message))
    needs, routes = _find_names(by_id, "need", "through"), _find_names(by_id, "route", "to")
    for name in [name for name in routes if name not in needs]:
        message = _("No need goes through {name!r}.", name=name)
        problems += [document.problem(path, message) for document, path in routes[name]]
    for name, places in needs.items():
        if name not in routes:
            message = _("There is no route to {name!r}.", name=name)
            problems += [document.problem(path, message) for document, path in places]
        message = _("Another need already covers the same routes.")
        problems += [document.problem(path, message) for document, path in places[1:]]
    return problems


def _find_names(by_id: Mapping[str, Document], effect: str, key: str) -> dict[str, list[tuple[Document, Path]]]:
    """Return the places of each name under a key of an effect."""
    places: dict[str, list[tuple[Document, Path]]] = {}
    for document in by_id.values():
        for i, rule in enumerate(document.data.get("rules", [])):
            if key in rule.get(effect, {}):
                places.setdefault(rule[effect][key], []).append((document, ("rules", i, effect, key)))
    return places
