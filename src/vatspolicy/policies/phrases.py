"""Phrases of expressions in words, each in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from vatspolicy.i18n import LocalizedText, Phrase

Form: TypeAlias = LocalizedText
"""A form of words by language."""

OWNERS: Mapping[str, Form] = {
    "company": Phrase("{} of the company"),
    "operator": Phrase("{} of the operator"),
    "partner": Phrase("{} of the partner"),
}
FIELDS: Mapping[str, Form] = {
    "ftz": Phrase("the zones"),
    "id": Phrase("the name"),
    "places": Phrase("the places"),
    "province": Phrase("the province"),
    "zones": Phrase("the zones"),
}
"""Fields of members of parameters."""
OWN: Mapping[str, Form] = {
    "activity.class": Phrase("the class"),
    "activity.licensed": Phrase("a license for the class is held"),
    "as_of": Phrase("the day of the decision"),
    "license.area": Phrase("area of the license"),
    "license.classes": Phrase("classes of the license"),
}
COMPARE: Mapping[str, Form] = {
    "==": Phrase("{} is {}"),
    "!=": Phrase("{} is not {}"),
    "<": Phrase("{} is below {}"),
    "<=": Phrase("{} is at most {}"),
    ">": Phrase("{} is above {}"),
    ">=": Phrase("{} is at least {}"),
}
COMPARE_DAYS: Mapping[str, Form] = {
    "<": Phrase("{} is before {}"),
    "<=": Phrase("{} is on or before {}"),
    ">": Phrase("{} is after {}"),
    ">=": Phrase("{} is on or after {}"),
}
TESTS: Mapping[str, Form] = {
    "startsWith": Phrase("{} begins with {}"),
    "endsWith": Phrase("{} ends with {}"),
    "contains": Phrase("{} contains {}"),
    "matches": Phrase("{} matches {}"),
}
SUM: Mapping[str, Form] = {
    "+": Phrase("{} plus {}"),
    "-": Phrase("{} less {}"),
    "*": Phrase("{} times {}"),
}
QUANTIFIERS: Mapping[str, Form] = {
    "exists": Phrase("for at least one of {}: {}"),
    "all": Phrase("for every one of {}: {}"),
}
HAS: Form = Phrase("{} include {}")
HAS_NOT: Form = Phrase("{} do not include {}")
HAS_OTHER: Form = Phrase("{} include something other than {}")
SOME_IN: Form = Phrase("{} include one of {}")
SOME_OUT: Form = Phrase("{} include something beside {}")
ALL_IN: Form = Phrase("all {} are among {}")
NONE_IN: Form = Phrase("no {} are among {}")
LIES_IN: Form = Phrase("{} lies in {}")
LIES_OUT: Form = Phrase("{} does not lie in {}")
LIES_IN_ONE: Form = Phrase("{} lies in one of {}")
LIES_IN_NONE: Form = Phrase("{} lies in none of {}")
HAS_NONE: Form = Phrase("{} include none of {}")
