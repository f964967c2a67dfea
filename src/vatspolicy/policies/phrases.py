"""Phrases of expressions in words, each in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Pair: TypeAlias = tuple[str, str]
"""A form in English and in Chinese."""

OWNERS: Mapping[str, Pair] = {
    "company": ("{} of the company", "本公司的{}"),
    "operator": ("{} of the operator", "经营者的{}"),
    "partner": ("{} of the partner", "合作方的{}"),
}
FIELDS: Mapping[str, Pair] = {
    "ftz": ("the zones", "片区"),
    "id": ("the name", "名称"),
    "places": ("the places", "地点"),
    "province": ("the province", "省份"),
    "zones": ("the zones", "片区"),
}
"""Fields of members of parameters."""
OWN: Mapping[str, Pair] = {
    "activity.class": ("the class", "该业务的种类"),
    "activity.licensed": ("a license for the class is held", "已取得该类业务许可"),
    "as_of": ("the day of the decision", "判定日"),
    "license.area": ("area of the license", "许可的覆盖范围"),
    "license.classes": ("classes of the license", "许可载明的业务种类"),
}
COMPARE: Mapping[str, Pair] = {
    "==": ("{} is {}", "{}为{}"),
    "!=": ("{} is not {}", "{}不是{}"),
    "<": ("{} is below {}", "{}低于{}"),
    "<=": ("{} is at most {}", "{}不超过{}"),
    ">": ("{} is above {}", "{}高于{}"),
    ">=": ("{} is at least {}", "{}不低于{}"),
}
COMPARE_DAYS: Mapping[str, Pair] = {
    "<": ("{} is before {}", "{}早于{}"),
    "<=": ("{} is on or before {}", "{}不晚于{}"),
    ">": ("{} is after {}", "{}晚于{}"),
    ">=": ("{} is on or after {}", "{}不早于{}"),
}
TESTS: Mapping[str, Pair] = {
    "startsWith": ("{} begins with {}", "{}以{}开头"),
    "endsWith": ("{} ends with {}", "{}以{}结尾"),
    "contains": ("{} contains {}", "{}包含{}"),
    "matches": ("{} matches {}", "{}匹配{}"),
}
SUM: Mapping[str, Pair] = {
    "+": ("{} plus {}", "{}加{}"),
    "-": ("{} less {}", "{}减{}"),
    "*": ("{} times {}", "{}乘以{}"),
}
QUANTIFIERS: Mapping[str, Pair] = {
    "exists": ("for at least one of {}: {}", "{}中至少有一项：{}"),
    "all": ("for every one of {}: {}", "{}中每一项：{}"),
}
HAS: Pair = ("{} include {}", "{}包括{}")
HAS_NOT: Pair = ("{} do not include {}", "{}不包括{}")
HAS_OTHER: Pair = ("{} include something other than {}", "{}含{}以外的内容")
SOME_IN: Pair = ("{} include one of {}", "{}包括{}之一")
SOME_OUT: Pair = ("{} include something beside {}", "{}含{}以外的内容")
ALL_IN: Pair = ("all {} are among {}", "{}均属于{}")
NONE_IN: Pair = ("no {} are among {}", "{}均不属于{}")
LIES_IN: Pair = ("{} lies in {}", "{}位于{}")
LIES_OUT: Pair = ("{} does not lie in {}", "{}不位于{}")
LIES_IN_ONE: Pair = ("{} lies in one of {}", "{}位于{}之一")
LIES_IN_NONE: Pair = ("{} lies in none of {}", "{}不位于{}中任何一处")
HAS_NONE: Pair = ("{} include none of {}", "{}不包括{}中任何一项")
