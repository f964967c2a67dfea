"""The small law in a store, for all tests of a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from vatspolicy.server.api.bundle_store import BundleStore, open_store


@pytest.fixture(scope="module")
def store(law: Path) -> BundleStore:
    return open_store(law)
