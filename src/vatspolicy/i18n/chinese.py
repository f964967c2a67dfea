"""Chinese for an English sentence: the template that it has the form of, with its values carried over."""

from __future__ import annotations

import re
from functools import cache

from vatspolicy.i18n.bundles import BUNDLES
from vatspolicy.i18n.commands import COMMANDS
from vatspolicy.i18n.documents import DOCUMENTS

TEMPLATES: tuple[tuple[str, str], ...] = (*COMMANDS, *DOCUMENTS, *BUNDLES)
"""English and Chinese. `{0}` stands for a value carried over as it is; `{0!q}` for one in quotes, `{0!l}` for a list,
`{0!t}` for a phrase or a sentence that is itself translated, `{s}` for the ending of an English plural,
`{path}` for a path such as `services[0].area`."""

PHRASES: dict[str, str] = {
    "text": "文本",
    "a text": "文本",
    "a whole number": "整数",
    "a number": "数字",
    "a number with decimals": "小数",
    "true or false": "true 或 false",
    "a list": "列表",
    "keys with values": "键值对",
    "null": "null",
    "a day": "日期",
    "A whole number": "整数",
    "A number": "数字",
    "A text": "文本",
    "True or false": "true 或 false",
    "A list": "列表",
    "A day": "日期",
    "an archive or an office file (.zip, .docx, .xlsx)": "压缩包或办公文件（.zip、.docx、.xlsx）",
    "a PDF file": "PDF 文件",
    "a compressed file (.gz)": "压缩文件（.gz）",
    "index": "下标",
    "maps": "映射",
    "objects": "对象",
    "name that begins with a dot": "以点开头的名称",
    "applying": "适用",
    "not applying": "不适用",
    "undecided for a missing fact": "因缺少事实而未决",
    "fires": "适用",
    "silent": "不适用",
    "unknown": "未知",
    "closed": "关闭",
    "nothing": "无",
    "nobody": "无",
    "none": "无",
    "no class": "不属任何类",
    "bundle": "规则包",
    "folder": "文件夹",
    "its name is not usable": "文件名不可用",
    "it is not a file": "它不是文件",
    "No such file or directory": "没有这个文件或目录",
    "Permission denied": "没有权限",
    "Is a directory": "它是目录",
    "Not a directory": "它不是目录",
    "File exists": "文件已存在",
    "File name too long": "文件名太长",
    "No space left on device": "磁盘空间不足",
    "Read-only file system": "文件系统为只读",
    "Address already in use": "地址已被占用",
    "Input/output error": "输入输出错误",
    "Broken pipe": "管道已断开",
    "Too many levels of symbolic links": "符号链接层数过多",
    "a parameter cannot be null": "参数不能为 null",
    "Objects do not all have the same keys.": "各对象的键不一致。",
    "A parameter cannot be null.": "参数不能为 null。",
    "objects do not all have the same keys": "各对象的键不一致",
}
"""Words and phrases inside sentences."""

_HOLE = re.compile(r"\{(\w+)(?:!([qlt]))?\}")
_BETWEEN = re.compile(r"(?<=[.?:]) (?=[A-Z'`(-])|(?<=[.?:])\n")
_FORMS = {"s": "s?", "path": r"[^\s:]+", "q": r"'[^'\n]*'|\"[^\"\n]*\""}
"""Regular expressions of values, by name or by conversion."""
_WITHIN_SENTENCE = r"(?:(?![.?] [A-Z]).)+?"
_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")


def chinese(text: str) -> str:
    """Translate a sentence, several sentences or a phrase into Chinese. Return unknown text unchanged."""
    found = _exactly(text)
    if found is not None:
        return found
    for gap in reversed(list(_BETWEEN.finditer(text))):
        before = _exactly(text[: gap.start()])
        if before is not None:
            return before + chinese(text[gap.end() :])
    if text.startswith("This key ") and (found := _exactly(text.replace("This key", "This", 1))):
        return found.replace("此处", "此键", 1)
    for gap in _BETWEEN.finditer(text):
        after = text[gap.end() :]
        if (told := chinese(after)) != after:
            return f"{text[: gap.end()]}{told}"
    return text


def _exactly(text: str) -> str | None:
    whole, formed = _templates()
    if text in whole:
        return whole[text]
    for start, end, template, translation in formed:
        if text.startswith(start) and text.endswith(end) and len(text) >= len(start) + len(end):
            match = _pattern(template).fullmatch(text)
            if match:
                return _HOLE.sub(lambda hole: _value(match[f"v{hole[1]}"], hole[2]), translation)  # noqa: B023
    return None


def _value(text: str, kind: str | None) -> str:
    """Return a value as the Chinese sentence shows it."""
    if kind == "t":
        parts = text.split(" or ")
        return "或".join(PHRASES[part] for part in parts) if all(part in PHRASES for part in parts) else chinese(text)
    if kind == "q":
        return f"“{text[1:-1]}”"
    if kind == "l":
        parts = re.split(r", | or | and | nor ", text)
        joint = "和" if " and " in text else "或" if " or " in text else "、"
        told = [PHRASES.get(part) or _QUOTED.sub(lambda one: f"“{one[1] or one[2] or ''}”", part) for part in parts]
        return "、".join(told[:-1]) + (joint if len(told) > 1 else "") + told[-1]
    return text


@cache
def _templates() -> tuple[dict[str, str], list[tuple[str, str, str, str]]]:
    """Sentences without a value; then what others begin and end with, and both languages, the most telling first."""
    whole, formed = dict(PHRASES), []
    for template, translation in TEMPLATES:
        if _HOLE.search(template):
            around = _HOLE.split(template)
            formed.append((around[0], around[-1], template, translation))
        else:
            whole[template] = translation
    return whole, sorted(formed, key=lambda one: -len(_HOLE.sub("", one[2])))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    written, last = "", 0
    for hole in _HOLE.finditer(template):
        name, kind = hole[1], hole[2]
        inner = _FORMS.get(name) or _FORMS.get(kind) or (".+" if hole.end() == len(template) else _WITHIN_SENTENCE)
        group = f"(?P=v{name})" if f"(?P<v{name}>" in written else f"(?P<v{name}>{inner})"
        written += re.escape(template[last : hole.start()]) + group
        last = hole.end()
    return re.compile(written + re.escape(template[last:]), re.DOTALL)
