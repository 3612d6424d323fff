"""Tests that run on some of the engines only."""

from __future__ import annotations

import pytest

on_dockers = pytest.mark.parametrize("engine", ["oldest", "stable", "newest"], indirect=True)
on_podman = pytest.mark.parametrize("engine", ["podman"], indirect=True)
