"""A plugin of pytest: no test touches a real spool. pytest -p outspool_pytest, or pytest_plugins = ["outspool_pytest"].

It needs the producer next to it: outspool types --lang python.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from outspool import Spool


@pytest.fixture(autouse=True)
def _outspool_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OUTSPOOL_SPOOL", "memory:")
    Spool.clear()
    yield
    Spool.clear()


@pytest.fixture
def outspool() -> Spool:
    """A spool in memory, empty when the test begins; outspool.queued has what the test has queued."""
    return Spool("memory:")
