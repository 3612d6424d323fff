"""What goes to an engine as tar: build contexts, and bodies read from files."""

from aiodockerhub.tar.chunks import FileChunks, Source, file_chunks
from aiodockerhub.tar.context import Context, directory_context, dockerfile_context, dockerfile_text
from aiodockerhub.tar.ignore import Ignore

__all__ = [
    "Context",
    "FileChunks",
    "Ignore",
    "Source",
    "directory_context",
    "dockerfile_context",
    "dockerfile_text",
    "file_chunks",
]
