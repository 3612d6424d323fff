"""What the README and the guide show runs as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rig import Engine, Registry

ROOT = Path(__file__).parent.parent
newest = pytest.mark.parametrize("engine", ["newest"], indirect=True)


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


async def run(script: str, **environ: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-X",
        "dev",
        "-",
        env={**os.environ, **environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(script.encode())
    assert process.returncode == 0, err.decode()
    return out.decode()


@newest
async def test_the_quickstart_runs(engine: Engine) -> None:
    (script,) = blocks("README.md")
    out = await run(script, DOCKER_HOST=engine.base_url)
    assert "alice/hello write" in out
    assert "Step 1/2 : FROM scratch" in out
    assert "1 ok, 1 failed" in out
    assert "No such image: missing:1.37 (GET /v" in out


@newest
@pytest.mark.parametrize("number", range(len(blocks("docs/guide.md"))))
async def test_the_guide_runs(engine: Engine, crane: Registry, busybox: str, number: int) -> None:
    out = await run(blocks("docs/guide.md")[number], DOCKER_HOST=engine.base_url, REGISTRY=crane.address)
    assert out
    assert "failed" not in out or "4 ok, 0 failed" in out


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_within_the_project_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text())
    assert [target for target in targets if not (folder / target).exists()] == []


def test_the_rooms_that_the_readme_names_are_there() -> None:
    text = (ROOT / "README.md").read_text()
    named = re.findall(r"^    ((?:aiodockerhub|tests|benchmarks|tools)/\S*?),?\s", text, re.MULTILINE)
    assert len(named) >= 9
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_commands_that_the_readme_names_are_there() -> None:
    commands = re.findall(r"^    bash (\S+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["examples/walk.sh", "tests/run.sh"]
    assert all((ROOT / command).exists() for command in commands)
