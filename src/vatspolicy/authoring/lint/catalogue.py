"""The rules of lint: id, level, and what a reader should know of each in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vatspolicy.i18n import LocalizedText

ERROR, WARNING = "error", "warning"


class LintRule(NamedTuple):
    """A rule of lint. An error fails the run, a warning does not."""

    level: str
    title: LocalizedText
    help: LocalizedText
    """Why the rule exists, and how to satisfy it."""
    can_ignore: bool = True
    """False where an ignore comment has no effect: in JSON files, and on ignore comments themselves."""


def _rule(level: str, en: tuple[str, str], zh: tuple[str, str], can_ignore: bool = True) -> LintRule:
    return LintRule(level, {"en": en[0], "zh": zh[0]}, {"en": en[1], "zh": zh[1]}, can_ignore)


RULES: Mapping[str, LintRule] = {
    # --- the form of a policy
    "key-order": _rule(
        ERROR,
        (
            "The keys of a policy are in a fixed order.",
            "Readers find the same part at the same place in each file. Run `vatspolicy fmt`.",
        ),
        (
            "政策文件的键须按固定次序排列。",
            "次序固定，读者在每个文件的同一位置都能找到同一部分。请运行 `vatspolicy fmt`。",
        ),
    ),
    "translation": _rule(
        ERROR,
        (
            "A text has a version in English and one in Chinese.",
            "Reports are written in both languages. Write both texts, and use full-width punctuation in Chinese.",
        ),
        ("文本须有英文和中文两个版本。", "报告以两种语言输出。请写全两种文本，中文使用全角标点。"),
    ),
    "number-in-expression": _rule(
        ERROR,
        (
            "A number or a list in an expression is a parameter.",
            (
                "The law changes its numbers and lists. A parameter has a date and a citation: move the value to "
                "`parameters` and read it as `param.NAME`. The numbers 0 and 1 are allowed."
            ),
        ),
        (
            "表达式中的数字或列表应为参数。",
            (
                "法律会修改数字和列表，而参数注明日期和出处。请把值移到 `parameters`，"
                "并以 `param.NAME` 读取。0 和 1 可以直接写。"
            ),
        ),
    ),
    "unused-term": _rule(
        ERROR,
        (
            "An expression uses each term.",
            "A term that nothing uses may be a forgotten condition. Use or remove it.",
        ),
        ("每个术语都有表达式使用。", "没有使用的术语可能意味着遗漏了条件。请使用它，或将其删除。"),
    ),
    "unused-parameter": _rule(
        ERROR,
        (
            "An expression reads each parameter.",
            "A parameter that nothing reads has no effect, whatever its value. Read it, or remove it.",
        ),
        ("每个参数都有表达式读取。", "没有读取的参数无论取何值都不起作用。请读取它，或将其删除。"),
    ),
    "unused-instrument": _rule(
        ERROR,
        (
            "A rule uses each instrument.",
            "No report can ask for an instrument that no rule names. Name it in a rule, or remove it.",
        ),
        ("每份文书都有规则使用。", "没有规则提到的文书不会出现在报告中。请在规则中写明，或将其删除。"),
    ),
    # --- citations
    "label-missing": _rule(
        ERROR,
        (
            "An article without a number has a label.",
            "Reports cite an article by its number. If the key does not begin with `art-`, add `label: {en, zh}`.",
        ),
        ("没有条号的条文须有 label。", "报告按条号引用条文。键不以 `art-` 开头的，请加 `label: {en, zh}`。"),
    ),
    "source-number-missing": _rule(
        ERROR,
        (
            "The source of a policy has a document number.",
            "The number identifies the text of the law. Write it, or add a note that says why there is none.",
        ),
        ("政策的来源须有文号。", "文号用于确定法律文本。请写文号，或用 note 说明为何没有。"),
    ),
    "primary-without-quote": _rule(
        ERROR,
        (
            "A primary article quotes the Chinese text.",
            "`primary` says that the quote was compared with the law. Add the quote (`zh`), or call it `secondary`.",
        ),
        ("primary 条文须引用中文原文。", "`primary` 表示引文已与法律原文核对。请加引文（`zh`），或改为 `secondary`。"),
    ),
    "quote-not-verified": _rule(
        ERROR,
        (
            "A primary quote says when, and against which text, it was verified.",
            "Run `vatspolicy lint --texts DIR --write` with the law's text, or name the page in `verified.against`.",
        ),
        (
            "primary 引文须注明核对日期和所核对的文本。",
            "请用法律原文运行 `vatspolicy lint --texts DIR --write`，或在 `verified.against` 中写明网页。",
        ),
    ),
    "quote-changed": _rule(
        ERROR,
        (
            "A quote does not change after it was verified.",
            (
                "The hash of the quote is not the recorded one. Compare the quote with the law again: "
                "`vatspolicy lint --texts DIR --write`."
            ),
        ),
        (
            "引文核对后不得改动。",
            "引文的散列值与记录不符。请重新与法律原文核对：`vatspolicy lint --texts DIR --write`。",
        ),
    ),
    "verified-without-quote": _rule(
        ERROR,
        (
            "Only a quote in Chinese can be verified.",
            "`verified` belongs to an article with a quote. Add the quote (`zh`), or remove `verified`.",
        ),
        ("只有中文引文才能核对。", "`verified` 只用于有引文的条文。请加引文（`zh`），或删去 `verified`。"),
    ),
    "quote-differs": _rule(
        ERROR,
        (
            "A quote stands in the text that it names.",
            (
                "With `--texts`, each quote is compared with the text of the law. Correct the quote, and mark "
                "words that you leave out with ……"
            ),
        ),
        (
            "引文须见于所注明的文本。",
            "使用 `--texts` 时，引文逐条与法律原文核对。请更正引文，略去的文字用……标明。",
        ),
    ),
    "text-not-named": _rule(
        ERROR,
        (
            "A quote names the text or the page that it is from.",
            "With `--texts`, no text has this name, or none of this title holds the quote. Correct `verified.against`.",
        ),
        (
            "引文须写明所引的文本或网页。",
            "使用 `--texts` 时，没有此名称的文本，或同名文本中没有该引文。请更正 `verified.against`。",
        ),
    ),
    "unverified-rule": _rule(
        WARNING,
        (
            "A rule that decides something rests on an article that somebody has read.",
            "A rule on `unverified` articles alone decides nothing. Verify one, or write advice of kind `verify`.",
        ),
        (
            "作出结论的规则须以有人读过的条文为依据。",
            "仅以 `unverified` 条文为依据的规则不作出结论。请核实其中一条，或改为 `verify` 类提示。",
        ),
    ),
    "review-due": _rule(
        WARNING,
        (
            "A policy is reviewed by the day that it states.",
            "Compare the policy with the law as it is now, and set the next `review.due`.",
        ),
        ("政策须在所写的日期前复核。", "请按现行法律核对该政策，并写下一次复核日期 `review.due`。"),
    ),
    # --- tests
    "untested": _rule(
        ERROR,
        (
            "The tests of a policy show each rule applying, not applying, and undecided.",
            "A rule that no test shows can be wrong unseen. Add the case that is named. A skipped test shows nothing.",
        ),
        (
            "政策的测试须显示每条规则适用、不适用和未能判定的情形。",
            "没有测试显示的规则，错了也不会被发现。请补上所列的情形；跳过的测试不算。",
        ),
    ),
    "stray-tests": _rule(
        ERROR,
        (
            "A file of tests stands beside its policy.",
            "Tests without a policy are never run. Name the file ID.test.yaml, in the folder of ID.yaml.",
        ),
        (
            "测试文件须与政策文件并列。",
            "没有对应政策的测试不会运行。请命名为 ID.test.yaml，与 ID.yaml 放在一起。",
        ),
    ),
    "unknown-name": _rule(
        ERROR,
        (
            "A test or a fixture names rules, instruments and reasons that exist.",
            "A name that nothing bears is always absent and never fires: the expectation tests nothing. Correct it.",
        ),
        (
            "测试和样例只能提到存在的规则、文书和理由。",
            "不存在的名称永远不会出现，这样的预期什么也没有测试。请更正名称。",
        ),
    ),
    "invalid-fixture": _rule(
        ERROR,
        (
            "A fixture and its expectations are valid.",
            "A fixture that cannot be read tests nothing. The message says what is wrong.",
        ),
        ("样例及其预期须有效。", "无法读取的样例什么也没有测试。具体错误见说明。"),
        can_ignore=False,
    ),
    # --- schemas
    "schema-invalid": _rule(
        ERROR,
        (
            "A schema is valid JSON Schema 2020-12.",
            "Editors and other tools refuse an invalid schema. The message names the keyword.",
        ),
        ("模式须是有效的 JSON Schema 2020-12。", "编辑器和其他工具会拒绝无效的模式。说明中写有关键字。"),
        can_ignore=False,
    ),
    "schema-translation": _rule(
        ERROR,
        (
            "Titles, questions and words of a schema are in English and Chinese.",
            "The interview and all reports show them. Add the text that is missing.",
        ),
        ("模式的标题、问题和用词须有英文和中文。", "问答和报告都会显示这些文本。请补上缺少的文本。"),
        can_ignore=False,
    ),
    # --- ignore comments
    "ignore-unknown": _rule(
        ERROR,
        (
            "An ignore comment names a rule of lint.",
            "Write `# lint: ignore ID reason`, with an ID of this page that can be ignored.",
        ),
        ("忽略注释须写明 lint 规则。", "请写 `# lint: ignore ID 理由`，ID 为本页中可忽略的规则。"),
        can_ignore=False,
    ),
    "ignore-without-reason": _rule(
        ERROR,
        (
            "An ignore comment gives a reason.",
            (
                "The next reader has to judge whether the exception still holds. Write the reason after the ID. "
                "Without one, the comment has no effect."
            ),
        ),
        ("忽略注释须写明理由。", "后来的读者须能判断例外是否仍然成立。请在 ID 之后写明理由；没有理由的注释不起作用。"),
        can_ignore=False,
    ),
    "ignore-unused": _rule(
        ERROR,
        (
            "An ignore comment ignores a finding.",
            (
                "The finding is gone, or stands on another line. Remove the comment, or move it to the line of "
                "the finding or the line above."
            ),
        ),
        ("忽略注释须对应一项发现。", "该发现已消失，或位于另一行。请删去注释，或移到该发现所在行或其上一行。"),
        can_ignore=False,
    ),
}
"""Rules by id, in the order of the documentation."""
