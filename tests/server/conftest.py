"""The small law in a store, for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vatspolicy.server.api.bundle_store import BundleStore, open_store


@pytest.fixture(scope="module")
def store(law: Path) -> Iterator[BundleStore]:
    made = open_store(law)
    yield made
    made.close()
