"""Which registries a Dockerfile's base images come from."""

from __future__ import annotations

import pytest

from aiodockerhub.engine.dockerfile import base_registries

HUB = "docker.io"


@pytest.mark.parametrize(
    ("text", "registries"),
    [
        ("FROM busybox\n", {HUB}),
        ("FROM ghcr.io/a/b:1", {"ghcr.io"}),
        ("# comment\r\n\r\n  from  --platform=linux/arm64 127.0.0.1:5000/a/b@sha256:" + "d1" * 32, {"127.0.0.1:5000"}),
        ("\ufeffFROM quay.io/a/b", {"quay.io"}),
        ("FROM scratch", set()),
        ("FROM quay.io/a/b AS first\nFROM First AS second\nFROM second\nFROM third", {"quay.io", HUB}),
        ("FROM scratch AS quay.io/a\nFROM ghcr.io/a/b", {"ghcr.io"}),
        ("ARG R=quay.io\nFROM ${R}/a/b", {"quay.io"}),
        ('ARG R="quay.io" T\nFROM $R/a/b:${T:-1}', {"quay.io"}),
        ("ARG R\nFROM ${R:-quay.io}/a/b", {"quay.io"}),
        ("ARG GIVEN=quay.io\nFROM $GIVEN/a/b", {"ghcr.io"}),
        ("ARG GIVEN\nFROM $GIVEN/a/b", {"ghcr.io"}),
        ("FROM $GIVEN/a/b", set()),
        ("ARG EMPTY=quay.io\nFROM $EMPTY/a/b", {"quay.io"}),
        ("FROM ghcr.io/a/b\nARG R=quay.io\nFROM $R/a/b", {"ghcr.io"}),
        ("FROM quay.io/a/b:$TARGETARCH", set()),
        ("FROM $(quay.io/a/b)", set()),
        ("FROM quay.io/a/b \\\n  AS x", set()),
        ("FROM ghcr.io/a/b\nRUN <<E\nfrom os import path\nfrom\nE\n", {"ghcr.io"}),
        ("FROM\nFROM a b c d\nFROM a/B", set()),
        ("\xff\xfe\0", set()),
        ("", set()),
    ],
)
def test_the_registries_of_the_from_lines_are_found(text, registries):
    arguments = {"GIVEN": "ghcr.io", "EMPTY": None, "R": None}
    assert base_registries(text.encode(), arguments) == registries


def test_a_long_file_takes_no_long_time():
    text = b"FROM " + b"--x " * 200_000 + b"\n" + b"FROM ${a" * 200_000 + b"\n" + b"ARG a\n" * 200_000
    assert base_registries(text, {}) == set()
