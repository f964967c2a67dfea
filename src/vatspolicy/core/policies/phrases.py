"""Phrases of expressions in words. `{left}` and `{right}` are the operands, as the expression has them."""

from __future__ import annotations

from collections.abc import Mapping

from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import Table

OWNERS: Table = {
    "company": Phrase("the {fact} of the company"),
    "operator": Phrase("the {fact} of the operator"),
    "partner": Phrase("the {fact} of the partner"),
}
THINGS: Table = {
    "company": Phrase("the company"),
    "operator": Phrase("the operator"),
    "partner": Phrase("the partner"),
    "service": Phrase("the service"),
    "license": Phrase("the license"),
    "filings": Phrase("the company"),
}
OF_OWNERS: Table = {
    "company": Phrase(" of the company"),
    "operator": Phrase(" of the operator"),
    "partner": Phrase(" of the partner"),
    "license": Phrase(" of the license"),
}
FLAGS: Mapping[str, tuple[LocalizedText, LocalizedText]] = {
    "activity.licensed": (Phrase("a license for the class is held"), Phrase("no license for the class is held"))
}
"""Wording of facts without a wording in the schema, for true and for false."""
FIELDS: Table = {
    "ftz": Phrase("zones"),
    "id": Phrase("name"),
    "places": Phrase("places"),
    "province": Phrase("province", "expression"),
    "zones": Phrase("zones"),
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
MEMBERS: Table = {"some": Phrase("one of {list}"), "every": Phrase("each of {list}"), "that": Phrase("that entry")}
NAMED: Table = {"fact": Phrase("the {fact} of {entry}"), "of": Phrase(" of {entry}")}
"""A mention of a member of a list by its noun."""
LATER: Table = {"bare": Phrase("it", "expression"), "fact": Phrase("its {fact}")}
"""A mention of the member already introduced by the clause."""
COUNTS: Table = {
    "==": Phrase("{list}: none"),
    "<=": Phrase("{list}: none"),
    "!=": Phrase("{list}: one or more"),
    ">": Phrase("{list}: one or more"),
}
"""Comparisons of the length of a list with 0."""
HOLDS: Mapping[str, tuple[LocalizedText, LocalizedText]] = {
    "licenses": (Phrase("{owner} holds {list}"), Phrase("{owner} does not hold {list}")),
    "filings": (Phrase("{owner} has completed {list}"), Phrase("{owner} has not completed {list}")),
}
HAS = Phrase("{left} include {right}")
HAS_NOT = Phrase("{left} do not include {right}")
HAS_ALL = Phrase("{left} include all of {right}")
HAS_OTHER = Phrase("{left} include something other than {right}")
SOME_IN = Phrase("{left} include one of {right}")
SOME_OUT = Phrase("{left} include something outside {right}")
ALL_IN = Phrase("all {left} are among {right}")
NONE_IN = Phrase("none of the {left} are among {right}")
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
NUMBER = Phrase("the number of {list}")
NONE = Phrase("none")
ENTRIES = Phrase("{n} entries")
SOME_PERSONS = Phrase("the number of {list} is above 0")
ABROAD = Phrase("{left} lies outside mainland China")
AT_HOME = Phrase("{left} lies in mainland China")
IN_SAME_PROVINCE = Phrase("{left} lies in the same province as {right}")
AMONG = Phrase("{left} is one of {right}")
NOT_AMONG = Phrase("{left} is not one of {right}")
NEITHER = Phrase("{left} is neither {right}")
ALL_ARE = Phrase("all {left} are {right}")
