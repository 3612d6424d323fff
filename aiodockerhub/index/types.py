"""What the index sends and takes, as its own JSON."""

from __future__ import annotations

from typing import NotRequired, TypedDict

__all__ = ["FoundRepository", "ListedImage", "SearchPage"]


class ListedImage(TypedDict):
    """An image as a repository lists it: `id` is 64 hexadecimal digits, `Tag` one of its tags.

    `checksum` is what `set_images` gave.
    """

    id: str
    checksum: NotRequired[str]
    Tag: NotRequired[str]


class FoundRepository(TypedDict):
    """A repository that a search found: its `name`; indexes differ in what else they tell of it.

    `description` is its owner's, `star_count` how many users like it; `is_official`, `is_automated` and `is_trusted`
    are what the index holds of it.
    """

    name: str
    description: NotRequired[str]
    star_count: NotRequired[int]
    is_official: NotRequired[bool]
    is_automated: NotRequired[bool]
    is_trusted: NotRequired[bool]


class SearchPage(TypedDict):
    """A page of what a search for `query` found: `results`. `num_results` counts those of all pages.

    `page` is this one's number, `num_pages` how many there are, `page_size` how many results one holds.
    """

    query: str
    num_results: int
    results: list[FoundRepository]
    num_pages: NotRequired[int]
    page: NotRequired[int]
    page_size: NotRequired[int]
