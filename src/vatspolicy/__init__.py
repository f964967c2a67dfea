"""Chinese telecommunications access law as code: decide whether, and under which licenses, a product may launch.

>>> from vatspolicy import evaluate, load_bundle, load_profile
>>> decision = evaluate(load_bundle(), load_profile("product.yaml"), "2026-11-24")  # doctest: +SKIP
>>> decision.decision  # doctest: +SKIP
'needs-license'
"""

from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.policies.bundle import Bundle, load_bundle
from vatspolicy.profile.profile import Profile, load_profile

__all__ = ["Bundle", "Decision", "InvalidInput", "Problem", "Profile", "evaluate", "load_bundle", "load_profile"]
__version__ = "0.1.0"
