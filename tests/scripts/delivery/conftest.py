"""A conversation with AWS for each test."""

from __future__ import annotations

import pytest

from tests.support import ecs

aws = pytest.fixture(ecs.conversation, name="aws")
