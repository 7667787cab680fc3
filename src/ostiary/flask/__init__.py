"""Ostiary for Flask: ``Auth``, one object between an application and everything it switches on."""

from ostiary.flask.auth import Auth
from ostiary.flask.guard import Guard

__all__ = ["Auth", "Guard"]
