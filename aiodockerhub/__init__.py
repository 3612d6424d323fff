"""Container engines, image registries and Docker Hub from asyncio."""

__version__ = "0.1.0"
