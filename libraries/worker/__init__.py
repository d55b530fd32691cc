"""The worker: runs queued jobs, recovers from dead processes, and delivers journal entries."""

from libraries.worker.hooks import on_shutdown, on_startup

__all__ = ["on_shutdown", "on_startup"]
