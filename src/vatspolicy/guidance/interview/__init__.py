"""Interview that leads from no profile, or a partial one, to a decision with the fewest questions.

>>> state = start(load_bundle(), today())  # doctest: +SKIP
>>> while state.question is not None:  # doctest: +SKIP
...     state = state.answer(ask_somebody(state.question))  # or state.skip(); state.previous goes back
>>> state.document.text, state.decision  # doctest: +SKIP
"""

from vatspolicy.guidance.interview.questions import Choice, Question, Reason, introduction, reasons
from vatspolicy.guidance.interview.replies import read_reply, show_value
from vatspolicy.guidance.interview.serialize import interview_to_data
from vatspolicy.guidance.interview.session import Interview, Progress, Refused, start

__all__ = [
    "Choice",
    "Interview",
    "Progress",
    "Question",
    "Reason",
    "Refused",
    "interview_to_data",
    "introduction",
    "read_reply",
    "reasons",
    "show_value",
    "start",
]
