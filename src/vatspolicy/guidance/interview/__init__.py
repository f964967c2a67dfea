"""Interview that leads from an empty or partial profile to a decision with the fewest questions.

>>> state = start(load_bundle(), today())  # doctest: +SKIP
>>> while state.question is not None:  # doctest: +SKIP
...     state = state.answer(ask_somebody(state.question))  # or state.skip(); state.previous goes back
>>> state.document.text, state.decision  # doctest: +SKIP
"""

from vatspolicy.guidance.interview.questions import Question, introduction, reasons
from vatspolicy.guidance.interview.replies import read_reply, show_value
from vatspolicy.guidance.interview.result import Choice, Progress, Reason
from vatspolicy.guidance.interview.session import Interview, Refused, describe_step, start

__all__ = [
    "Choice",
    "Interview",
    "Progress",
    "Question",
    "Reason",
    "Refused",
    "describe_step",
    "introduction",
    "read_reply",
    "reasons",
    "show_value",
    "start",
]
