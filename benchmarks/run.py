"""Measure the guard beside a bare Flask view: medians of CPU microseconds per request, and their ratios.

Everything is measured interleaved in one run, in process through WSGI; only the ratios carry over to
another machine. Run it with ``make bench``; ``--quick`` takes seconds.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

os.environ["OSTIARY_DEVELOPMENT"] = "1"

from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.test import EnvironBuilder

from ostiary import Sessions, Tokens
from ostiary.features.revocation import Revocation, Revocations
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY
from ostiary.storage.revocations import revocations


def bare_application() -> Flask:
    app = Flask("bare")

    @app.get("/")
    def view() -> dict[str, int]:
        return {"answer": 42}

    return app


def guarded_application() -> tuple[Flask, str]:
    """An application with a public and a guarded view, and the cookie of somebody who is signed in."""
    app = Flask("guarded")
    app.testing = True
    auth: Auth = Auth(app, [Sessions()])

    @app.get("/public")
    def public() -> dict[str, int]:
        return {"answer": 42}

    @app.get("/guarded")
    @auth.require
    def guarded() -> dict[str, int]:
        return {"answer": 42}

    @app.post("/sign-in")
    def sign_in() -> dict[str, int]:
        auth.sign_in("ada")
        return {}

    client = app.test_client()
    client.post("/sign-in", headers={"Sec-Fetch-Site": "same-origin"})
    cookie = client.get_cookie("ostiary_session")
    assert cookie is not None
    return app, f"ostiary_session={cookie.value}"


def revocation_question(live: int) -> Callable[[], None]:
    """What every access token is asked besides: whether it was revoked, among so many that were."""
    app = Flask(f"revoked-{live}")
    app.testing = True
    Auth(app, [Sessions(), Revocation()])
    runtime = app.extensions["ostiary"].runtime
    asked, now, database = runtime.resources[Revocations], runtime.clock.now(), runtime.database
    row = {"kind": "token", "made_at": now, "expires_at": now + DAY}
    with database.write() as tx:
        tx.execute(revocations.insert(), [{**row, "key": f"x{number}"} for number in range(live)])

    def ask(_kept: Flask = app) -> None:  # the database of a test goes with its application
        assert asked.is_revoked(jti="t", family="f", client="c", subject="ada", epoch=0, now=now) is None

    return ask


def token_application(*, stateless: bool) -> tuple[Flask, str]:
    """An application with a view that is guarded by access tokens, and the header field of somebody who has one."""
    app = Flask("tokens")
    app.testing = True
    auth: Auth = Auth(app, [Tokens(stateless=stateless)])

    @app.get("/guarded")
    @auth.require
    def guarded() -> dict[str, int]:
        return {"answer": 42}

    @app.post("/issue")
    def issue() -> ResponseReturnValue:
        return auth.tokens.issue("ada").response()

    answer = app.test_client().post("/issue", headers={"Sec-Fetch-Site": "same-origin"})
    return app, f"Bearer {answer.json['access_token']}"


def requester(
    app: Flask, path: str, cookie: str | None = None, *, authorization: str | None = None
) -> Callable[[], None]:
    environ = EnvironBuilder(path).get_environ()
    if authorization is not None:
        environ["HTTP_AUTHORIZATION"] = authorization
    if cookie is not None:
        environ["HTTP_COOKIE"] = cookie

    def request() -> None:
        status: list[str] = []

        def start_response(line: str, *_: object) -> None:
            status.append(line)

        b"".join(app.wsgi_app(dict(environ), start_response))
        assert status[0].startswith("200"), status

    return request


def measure(cases: dict[str, Callable[[], None]], *, rounds: int, requests: int) -> dict[str, list[float]]:
    """CPU microseconds per request of each case, one figure a round; the cases take turns."""
    figures: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, request in cases.items():
            start = time.process_time()
            for _ in range(requests):
                request()
            figures[name].append((time.process_time() - start) / requests * 1e6)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a look")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    options = parser.parse_args()
    app, cookie = guarded_application()
    bare = bare_application()
    tokens, bearer = token_application(stateless=False)
    alone, alone_bearer = token_application(stateless=True)
    cases = {
        "a bare Flask view": requester(bare, "/"),
        "a public view, no cookie": requester(app, "/public"),
        "a public view, signed in": requester(app, "/public", cookie),
        "the session guard": requester(app, "/guarded", cookie),
        "a token, seen before": requester(tokens, "/guarded", authorization=bearer),
        "the same, stateless": requester(alone, "/guarded", authorization=alone_bearer),
        "revoked? of 10": revocation_question(10),
        "revoked? of 100 000": revocation_question(100_000),
    }
    for request in cases.values():
        request()
    figures = measure(cases, rounds=7 if options.quick else 31, requests=200 if options.quick else 1000)
    medians = {name: statistics.median(values) for name, values in figures.items()}
    base = medians["a bare Flask view"]
    if options.json:
        print(json.dumps({name: {"us": value, "ratio": value / base} for name, value in medians.items()}))
        return
    print(f"Python {platform.python_version()}, Flask {version('flask')}, SQLite, CPU time per request\n")
    print(f"{'case':<28}{'median':>10}{'spread':>16}{'/ bare':>9}")
    for name, values in figures.items():
        spread = f"{min(values):.0f}-{max(values):.0f}"
        print(f"{name:<28}{medians[name]:>7.1f} us{spread:>13} us{medians[name] / base:>9.2f}")


if __name__ == "__main__":
    main()
