"""The API pages, made from the docstrings: `api_pages.py FOLDER` writes them.

The first page holds what is imported from `aiodockerhub`. Each group of `Docker`'s (`docker.containers`) has a page of
its own, with all of its methods, in whatever module they are written; so have the settings of containers and of
services, and the engine's own dicts.
"""

from __future__ import annotations

import functools
import importlib
import sys
import warnings
from pathlib import Path

import pdoc.doc
import pdoc.render
from operations import groups

import aiodockerhub

PACKAGE = "aiodockerhub"
SETTINGS = (f"{PACKAGE}.engine.container_config", f"{PACKAGE}.engine.service_config")
DICTS = f"{PACKAGE}.engine.types"


def public_names() -> list[str]:
    """What is imported from `aiodockerhub`."""
    return sorted(aiodockerhub._ROOM_OF)  # noqa: SLF001


def pages() -> dict[str, list[str]]:
    """The names that each page shows, by the page's module."""
    of_groups = [kind.__module__ for place, kind in groups(aiodockerhub.Docker, "") if place]
    modules = [importlib.import_module(name) for name in dict.fromkeys((*of_groups, *SETTINGS))]
    shown = {PACKAGE: public_names()}
    for module in modules:  # functions are what the rooms call of each other
        shown[module.__name__] = [name for name in module.__all__ if name[0].isupper()]
    dicts = vars(importlib.import_module(DICTS))
    return shown | {DICTS: [name for name, value in dicts.items() if getattr(value, "__module__", "") == DICTS]}


def documented() -> dict[str, pdoc.doc.Module]:
    """What is on the pages, by module."""
    _tell_inherited_methods()
    found: dict[str, pdoc.doc.Module] = {}
    for name, shown in pages().items():
        module = importlib.import_module(name)
        module.__all__ = shown
        found[name] = pdoc.doc.Module(module)
    return found


def _tell_inherited_methods() -> None:
    """Show a method of the library's own with each class that has it: groups are put together of several classes."""

    def own_members(self: pdoc.doc.Class) -> list[pdoc.doc.Doc]:
        return [member for member in self.members.values() if _is_ours(member.taken_from[0])]

    def inherited_members(_: pdoc.doc.Class) -> dict[tuple[str, str], list[pdoc.doc.Doc]]:
        return {}

    for name, written in (("own_members", own_members), ("inherited_members", inherited_members)):
        kept = functools.cached_property(written)
        kept.__set_name__(pdoc.doc.Class, name)
        setattr(pdoc.doc.Class, name, kept)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE


def write(folder: Path) -> None:
    """All pages, and what searches in them. Stops at the first name that is not on its page."""
    # annotations that only type checkers can read are shown as they are written
    warnings.filterwarnings("ignore", "Error parsing type annotation|Cannot determine where", module="pdoc")
    pdoc.render.configure(docformat="markdown", show_source=False)
    modules = documented()
    for name, module in modules.items():
        text = pdoc.render.html_module(module, modules)
        for shown in module.flattened_own_members:
            if not shown.qualname.rpartition(".")[2].startswith("_") and f'id="{shown.qualname}"' not in text:
                raise SystemExit(f"{shown.fullname} is not on the page of {name}")
        page = folder / f"{name.replace('.', '/')}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    searched = {name: module for name, module in modules.items() if name != DICTS}
    (folder / "index.html").write_text(pdoc.render.html_index(modules), encoding="utf-8")
    (folder / "search.js").write_text(pdoc.render.search_index(searched), encoding="utf-8")
    print(f"{len(modules)} pages, {sum(len(names) for names in pages().values())} names: {folder / 'index.html'}")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
