"""The properties that the shipped law has, and properties for tests."""

from __future__ import annotations

from typing import Any

from vatspolicy.authoring.analysis.settings import LawProperty, load_settings
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.cel.parser import TypeEnvironment, parse
from vatspolicy.core.policies.compiler import variables

SHIPPED = {item.id: item for item in load_settings(LawStack()).properties}


def wanted(form: str, **body: Any) -> LawProperty:
    when = body.pop("when", None)
    each = body.setdefault("each", "product")
    node = parse(when, TypeEnvironment(variables(each), {}, lambda name, scope: None)) if when else None
    return LawProperty("p", {"en": "P", "zh": "性质"}, (), 1, form, body, node, None, None)
