"""The mark of tests that need a solver."""

from __future__ import annotations

import importlib.util

import pytest

needs_solver = pytest.mark.skipif(
    importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt): there is no solver to test"
)
