"""Interview as plain data (question.schema.json), for programs that ask the questions themselves."""

from __future__ import annotations

from typing import Any

from vatspolicy.guidance.interview.questions import Choice, Question, introduction, reasons
from vatspolicy.guidance.interview.session import Interview

FORMAT = 1
"""Version of the data format; incremented by incompatible changes."""


def interview_to_data(interview: Interview) -> dict[str, Any]:
    """Return the state of an interview: the decision so far, progress and the next question, if any."""
    question = interview.question
    now = interview.possible_outcomes
    return {
        "format": FORMAT,
        "product": interview.profile.name,
        "as_of": interview.day,
        "decision": now.range[0] if interview.settled else "incomplete",
        "range": list(now.range),
        "settled": interview.settled,
        "further": interview.further,
        "progress": {"number": interview.progress.number, "left": interview.progress.left},
        "skipped": [_dotted(path) for path in interview.skipped],
        "opinions": list(interview.opinions),
        "question": None if question is None else _question(interview, question),
    }


def _question(interview: Interview, question: Question) -> dict[str, Any]:
    intro = introduction(question)
    gain = question.gain
    return {
        "path": _dotted(question.path),
        "kind": question.kind,
        "phase": question.phase,
        "about": dict(question.about),
        "text": dict(question.text),
        "title": dict(question.title),
        "unit": dict(question.unit) if question.unit else None,
        "minimum": question.least,
        "maximum": question.most,
        "several": question.several,
        "choices": [_choice(choice) for choice in question.choices],
        "eliminates": {"expected": gain.expected, "worst": gain.worst, "of": gain.of} if gain.answers else None,
        "why": {
            "text": dict(intro) if intro else None,
            "rules": [
                {
                    "rule": reason.rule,
                    "message": dict(reason.message),
                    "effect": dict(reason.effect),
                    "citations": [dict(cited) for cited in reason.citations],
                }
                for reason in reasons(interview.bundle, question.rules, interview.day)
            ],
        },
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "value": choice.value,
        "label": dict(choice.label),
        "synonyms": list(choice.synonyms),
        "group": dict(choice.group) if choice.group else None,
    }


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
