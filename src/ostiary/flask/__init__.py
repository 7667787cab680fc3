"""Ostiary for Flask: ``Auth``, one object between an application and everything it switches on."""

from ostiary.flask.auth import Auth
from ostiary.flask.guard import Guard
from ostiary.flask.signals import event_signal

__all__ = ["Auth", "Guard", "event_signal"]
