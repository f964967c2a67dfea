"""Chinese telecommunications access law as code: decide whether, and under which licenses, a product may launch.

>>> from vatspolicy import evaluate, load_bundle, load_profile
>>> decision = evaluate(load_bundle(), load_profile("product.yaml"), "2026-11-24")  # doctest: +SKIP
>>> decision.decision  # doctest: +SKIP
'needs-license'
"""

from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.errors import InvalidInput, Problem

__all__ = ["Bundle", "Decision", "InvalidInput", "Problem", "Profile", "evaluate", "load_bundle", "load_profile"]
__version__ = "0.1.0"
