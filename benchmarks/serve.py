"""Applications for real servers: ``gunicorn 'benchmarks.serve:application()'`` is that of BENCH_KIND, in BENCH_FOLDER.

What a client has to send is written beside the database, by whichever worker is the first.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from benchmarks import ours
from benchmarks.case import SECRET, cookies_after
from benchmarks.clients import PASSWORD
from benchmarks.workplace import Workplace
from ostiary import Passwords, Sessions, Tokens

_ISSUED = 64


def application() -> Flask:
    """The application that the environment names."""
    place = Workplace(folder=Path(os.environ["BENCH_FOLDER"]))
    return _KINDS[os.environ["BENCH_KIND"]](place)


def _tell(place: Workplace, headers: list[dict[str, str]]) -> None:
    # Renamed into place: whoever reads it meanwhile sees all of it or nothing.
    half = Path(place.folder, f"headers-{os.getpid()}.json")
    half.write_text(json.dumps(headers))
    half.rename(Path(place.folder, "headers.json"))


def _url(place: Workplace, name: str) -> str:
    return os.environ.get("BENCH_DATABASE") or place.sqlite(name)


def _bare(place: Workplace) -> Flask:
    _tell(place, [{}])
    return ours.bare_application()


def _session(place: Workplace) -> Flask:
    app, _ = ours.application(place, "serve-session", [Sessions()], _url(place, "serve"))
    _tell(place, [{"Cookie": cookies_after(app, "/sign-in")}])
    return app


def _token(place: Workplace) -> Flask:
    app, auth = ours.application(place, "serve-token", [Tokens(secret=SECRET)], _url(place, "serve"))
    with app.app_context():
        _tell(place, [{"Authorization": f"Bearer {auth.tokens.issue('ada').access_token}"} for _ in range(_ISSUED)])
    return app


def _passwords(place: Workplace) -> Flask:
    from ostiary.features.passwords import Argon2id  # as the settings make it

    stored = Argon2id().hash(PASSWORD)
    features = [Sessions(), Passwords(lookup=lambda _: stored), Tokens(secret=SECRET)]
    app, auth = ours.application(
        # Behind a proxy, so that everybody comes from somewhere else, as in a storm.
        place,
        "serve-passwords",
        features,
        _url(place, "serve"),
        OSTIARY_TRUSTED_PROXIES=1,
    )

    @app.post("/password")
    def password() -> dict[str, int]:
        auth.sign_in(auth.passwords.verify(*auth.credentials()))
        return {}

    _tell(place, [{"Cookie": cookies_after(app, "/sign-in")}])
    return app


def _flask_login(place: Workplace) -> Flask:
    from benchmarks.peers import flask_login  # only where it is measured

    app = flask_login.stored("serve", _url(place, "serve-flask-login"))
    _tell(place, [{"Cookie": cookies_after(app, "/sign-in")}])
    return app


def _flask_jwt_extended(place: Workplace) -> Flask:
    from benchmarks.peers import flask_jwt_extended as peer  # only where it is measured

    app, _ = peer.application("serve")
    _tell(place, [{"Authorization": header} for header in peer.bearers(app, _ISSUED)])
    return app


_KINDS: dict[str, Callable[[Workplace], Flask]] = {
    "bare": _bare,
    "session": _session,
    "token": _token,
    "passwords": _passwords,
    "flask-login": _flask_login,
    "flask-jwt-extended": _flask_jwt_extended,
}
