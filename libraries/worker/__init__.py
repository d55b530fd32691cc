"""The worker: runs queued jobs, keeps them alive, puts right what died, and hands the journal to its subscribers."""

from libraries.worker.hooks import on_shutdown, on_startup

__all__ = ["on_shutdown", "on_startup"]
