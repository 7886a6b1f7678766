"""Errors whose message is meant for the person at the keyboard."""

__all__ = ["UserError"]


class UserError(Exception):
    """Say where, what, what is allowed and what to do next; the command line prints it without a traceback."""
