"""Titles, reasons and faults of a comparison, as its data holds them in both languages."""

from __future__ import annotations

from vatspolicy.i18n.words import Table
from vatspolicy.origin import install

TITLES: Table = {
    "not-evaluated": {"en": "NOT EVALUATED", "zh": "未完成评估"},
    "same": {"en": "No change", "zh": "没有变更"},
    "tightened": {"en": "Tightens", "zh": "收紧"},
    "loosened": {"en": "Loosens", "zh": "放宽"},
    "both": {"en": "Tightens and loosens", "zh": "有收紧也有放宽"},
    "neither": {"en": "Changes decisions, neither stricter nor milder", "zh": "结论有变化，但既未收紧也未放宽"},
    "below": {"en": "Changes below the decision: duties, routes or reasons", "zh": "结论不变，义务、途径或理由有变化"},
    "no-rule": {"en": "No decision changes: no rule differs on any day", "zh": "结论不变：任何日期均无规则差异"},
    "proved": {"en": "No decision changes, proved for all profiles", "zh": "结论不变（已对全部档案证明）"},
    "unseen": {"en": "No decision change was found", "zh": "未发现结论变化"},
    "unknown": {
        "en": "UNKNOWN: no decision change was found, and none could be excluded",
        "zh": "未能判定：未发现结论变化，但也无法排除",
    },
    "open": {"en": "; more could not be excluded", "zh": "；其余变化无法排除"},
}
WHY: Table = {
    "source": {"en": "A side cannot be read.", "zh": "无法读取比较的一方。"},
    "invalid": {"en": "A side, or a profile, is not valid.", "zh": "比较的一方或某份档案无效。"},
    "nothing": {"en": "There is no profile to decide.", "zh": "没有可供判定的档案。"},
    "engine": {
        "en": f"The solver for proofs is not installed. Run {install('smt')}, or use --semantic off.",
        "zh": f"未安装证明求解器：请运行 {install('smt')}，或使用 --semantic off。",
    },
    "failed": {
        "en": "The engine for proofs broke off ({subject}): nothing is proved or excluded.",
        "zh": "证明引擎中断（{subject}）：未能证明或排除任何变化。",
    },
    "contradiction": {
        "en": "The engine for proofs excludes what a profile shows; none of its proofs counts.",
        "zh": "证明引擎的结论与档案的实际判定相矛盾：其证明均不可采信。",
    },
    "schemas": {
        "en": "Nothing could be proved: the base does not fit the schemas of the head.",
        "zh": "无法进行证明：基准版本不符合新版模式。",
    },
}
FAULTS: Table = {
    "version": {
        "en": "The version of the bundle must be at least {subject}.",
        "zh": "规则包版本至少应为 {subject}。",
    },
    "changelog": {
        "en": "CHANGELOG.md says nothing new under {subject}.",
        "zh": "CHANGELOG.md 在 {subject} 下没有新条目。",
    },
    "file-version": {
        "en": "{subject}: what was law on a past day is rewritten, and the version of the file is not raised.",
        "zh": "{subject}：改写了过去日期的法律，但文件版本未提升。",
    },
    "review": {
        "en": "{subject}: the review is of an earlier text.",
        "zh": "{subject}：复核所依据的是旧文本。",
    },
}
