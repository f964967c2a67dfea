"""What there is to say about waivers and baselines themselves, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Remark = dict[str, Any]
"""A finding about a waiver (decision.schema.json, `waivers`)."""

NOTES = ("in-baseline",)
"""Kinds that are told and fail nothing, also not when waivers are looked at strictly."""
WHY: Mapping[str, Mapping[str, str]] = {
    "wildcard": {
        "en": "The waiver does not apply: a rule and a product are named in full, without wildcards.",
        "zh": "豁免不生效：规则和产品须写全名，不得使用通配符。",
    },
    "too-long": {
        "en": "The waiver does not apply: it lasts longer than a waiver may.",
        "zh": "豁免不生效：期限超过允许的最长期限。",
    },
    "several-specs": {
        "en": "The waiver does not apply: several specs of this run are this product.",
        "zh": "豁免不生效：本次运行中有多份产品文件使用该产品标识。",
    },
    "no-approvers": {
        "en": "The waiver does not apply: no file says who may approve waivers (--approvers).",
        "zh": "豁免不生效：没有文件指明何人可以批准豁免（--approvers）。",
    },
    "approver": {
        "en": "The waiver does not apply: its approver may not approve waivers of this rule.",
        "zh": "豁免不生效：批准人无权批准对该规则的豁免。",
    },
    "unwaivable": {
        "en": "It does not apply: this rule cannot be waived.",
        "zh": "不生效：该规则不得豁免。",
    },
    "early": {"en": "The waiver does not apply: it is not in force yet.", "zh": "豁免不生效：尚未生效。"},
    "over": {"en": "The waiver does not apply: it has expired.", "zh": "豁免不生效：已过期。"},
    "before-launch": {
        "en": "It does not apply: it ends before the day that was decided.",
        "zh": "不生效：在判定日之前已到期。",
    },
    "changed": {
        "en": "The waiver does not apply: the rule, or a fact that it read, has changed since.",
        "zh": "豁免不生效：规则或其读取的事实此后已有变化。",
    },
    "no-rule": {"en": "The waiver is unused: there is no such rule.", "zh": "豁免未使用：没有该规则。"},
    "no-product": {
        "en": "The waiver is unused: no spec that was decided is this product.",
        "zh": "豁免未使用：已判定的产品文件中没有该产品。",
    },
    "undetermined": {
        "en": "The waiver does not apply: a missing fact leaves the rule undetermined, which cannot be waived.",
        "zh": "豁免不生效：因事实缺失该规则尚未确定，不得豁免。",
    },
    "no-finding": {
        "en": "The waiver is unused: the rule finds nothing on this product. Remove it.",
        "zh": "豁免未使用：该规则对该产品没有发现。请删除。",
    },
    "baseline-too-long": {
        "en": "The baseline does not apply: it lasts longer than a year.",
        "zh": "基线不生效：期限超过一年。",
    },
    "baseline-early": {
        "en": "The baseline does not apply: it was written on a day to come.",
        "zh": "基线不生效：写入日期晚于今天。",
    },
    "baseline-over": {
        "en": "The baseline does not apply: it ended on {until}.",
        "zh": "基线不生效：已于 {until} 到期。",
    },
    "baseline-several": {
        "en": "The baseline does not apply here: several specs of this run are this product.",
        "zh": "基线对此不生效：本次运行中有多份产品文件使用该产品标识。",
    },
    "fixed": {
        "en": "Fixed or changed: the baseline need not hold it. Shrink the baseline.",
        "zh": "已解决或已变化：基线无须再保留。请缩减基线。",
    },
    "in-baseline": {
        "en": "Findings in the baseline: {count}, the oldest since {since}, until {until}.",
        "zh": "基线内的发现：{count}项，最早自 {since}，至 {until} 为止。",
    },
}


def waiver_notice(
    kind: str, why: str, file: str, line: int, column: int, rule: str = "", product: str = "", **values: Any
) -> Remark:
    """One remark, at the line of the file it is about."""
    return {
        "kind": kind,
        "level": "note" if kind in NOTES else "warning",
        "rule": rule or None,
        "product": product or None,
        "message": {lang: text.format(**values) for lang, text in WHY[why].items()},
        "file": file,
        "line": line,
        "column": column,
    }
