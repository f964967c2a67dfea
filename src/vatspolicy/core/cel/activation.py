"""Activation: the variables that an expression reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Activation: TypeAlias = Mapping[str, Any]
"""Variables of a subject by name. A missing key, at any depth, is an unknown attribute."""
