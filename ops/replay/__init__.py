"""`python -m ops replay`: events from the archive, again: by time, type, source and whom they are about."""

from ops.replay.commands import app

__all__ = ["app"]
