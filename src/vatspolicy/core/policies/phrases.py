"""Phrases of expressions in words. `{left}` and `{right}` are the operands, as the expression has them."""

from __future__ import annotations

from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import Table

OWNERS: Table = {
    "company": Phrase("{fact} of the company"),
    "operator": Phrase("{fact} of the operator"),
    "partner": Phrase("{fact} of the partner"),
}
FIELDS: Table = {
    "ftz": Phrase("the zones"),
    "id": Phrase("the name"),
    "places": Phrase("the places"),
    "province": Phrase("the province"),
    "zones": Phrase("the zones"),
}
"""Fields of members of parameters."""
OWN: Table = {
    "activity.class": Phrase("the class"),
    "activity.licensed": Phrase("a license for the class is held"),
    "as_of": Phrase("the day of the decision"),
    "license.area": Phrase("area of the license"),
    "license.classes": Phrase("classes of the license"),
}
IS = Phrase("{left} is {right}")
COMPARE: Table = {
    "==": IS,
    "!=": Phrase("{left} is not {right}"),
    "<": Phrase("{left} is below {right}"),
    "<=": Phrase("{left} is at most {right}"),
    ">": Phrase("{left} is above {right}"),
    ">=": Phrase("{left} is at least {right}"),
}
COMPARE_DAYS: Table = {
    "<": Phrase("{left} is before {right}"),
    "<=": Phrase("{left} is on or before {right}"),
    ">": Phrase("{left} is after {right}"),
    ">=": Phrase("{left} is on or after {right}"),
}
TESTS: Table = {
    "startsWith": Phrase("{left} begins with {right}"),
    "endsWith": Phrase("{left} ends with {right}"),
    "contains": Phrase("{left} contains {right}"),
    "matches": Phrase("{left} matches {right}"),
}
SUM: Table = {
    "+": Phrase("{left} plus {right}"),
    "-": Phrase("{left} less {right}"),
    "*": Phrase("{left} times {right}"),
}
QUANTIFIERS: Table = {
    "exists": Phrase("for at least one of {list}: {test}"),
    "all": Phrase("for every one of {list}: {test}"),
}
HAS = Phrase("{left} include {right}")
HAS_NOT = Phrase("{left} do not include {right}")
HAS_ALL = Phrase("{left} include all of {right}")
HAS_OTHER = Phrase("{left} include something other than {right}")
SOME_IN = Phrase("{left} include one of {right}")
SOME_OUT = Phrase("{left} include something beside {right}")
ALL_IN = Phrase("all {left} are among {right}")
NONE_IN = Phrase("no {left} are among {right}")
LIES_IN = Phrase("{left} lies in {right}")
LIES_OUT = Phrase("{left} does not lie in {right}")
LIES_IN_ONE = Phrase("{left} lies in one of {right}")
LIES_IN_NONE = Phrase("{left} lies in none of {right}")
HAS_NONE = Phrase("{left} include none of {right}")
ALWAYS = Phrase("always", "expression")
NEVER = Phrase("never", "expression")
NOT = Phrase("not {clause}")
IF = Phrase("if {premise}, then {clause}")
YES = Phrase("{name}: yes")
NO = Phrase("{name}: no")
NUMBER = Phrase("number of {list}")
NONE = Phrase("none")
ENTRY = Phrase("that entry")
OF_ENTRY = Phrase("{field} of {entry}")
ITSELF = Phrase("it", "expression")
ITS = Phrase("its {fact}")
FORMER = Phrase("the former")
OF_FORMER = Phrase("{fact} of the former")
IN_SAME_PROVINCE = Phrase("{left} lies in the same province as {right}")
AMONG = Phrase("{left} is one of {right}")
NOT_AMONG = Phrase("{left} is not one of {right}")
NEITHER = Phrase("{left} is neither {right}")
ALL_ARE = Phrase("all {left} are {right}")
