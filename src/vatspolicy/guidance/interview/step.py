"""The state of an interview for programs that ask the questions themselves."""

from __future__ import annotations

from vatspolicy.core.documents import Path
from vatspolicy.guidance.interview.questions import Question, introduction, reasons
from vatspolicy.guidance.interview.result import AskedQuestion, Gain, InterviewStep, Why
from vatspolicy.guidance.interview.session import Interview


def describe_step(interview: Interview) -> InterviewStep:
    """Return the state of an interview: the decision so far, progress and the next question, if any."""
    question = interview.question
    now = interview.possible_outcomes
    return InterviewStep(
        product=interview.profile.name,
        as_of=interview.day,
        decision=now.range[0] if interview.settled else "incomplete",
        range=now.range,
        settled=interview.settled,
        further=interview.further,
        progress=interview.progress,
        skipped=tuple(map(_dotted, interview.skipped)),
        opinions=tuple(interview.opinions),
        question=None if question is None else _question(interview, question),
    )


def _question(interview: Interview, question: Question) -> AskedQuestion:
    gain = question.gain
    return AskedQuestion(
        path=_dotted(question.path),
        kind=question.kind,
        phase=question.phase,
        about=question.about,
        text=question.text,
        title=question.title,
        unit=question.unit,
        minimum=question.least,
        maximum=question.most,
        several=question.several,
        choices=question.choices,
        eliminates=Gain(gain.expected, gain.worst, gain.of) if gain.answers else None,
        why=Why(introduction(question), reasons(interview.bundle, question.rules, interview.day)),
    )


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
