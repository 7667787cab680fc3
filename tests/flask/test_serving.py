"""Before the first view runs: once, whoever calls first, and again as long as something is wrong."""

import threading

import pytest
from flask import Flask

from ostiary.flask.serving import watch_first_request, watch_run


def watched(prepare):
    app = Flask("shop")
    app.testing = True
    app.add_url_rule("/", "index", lambda: "index")
    watch_first_request(app, prepare)
    return app


def test_it_is_called_once_and_leaves_nothing_on_the_way():
    calls = []
    app = watched(lambda: calls.append(1))
    client = app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["index"] * 3
    assert calls == [1]
    assert "dispatch_request" not in vars(app)


def test_of_many_first_requests_one_prepares_and_the_others_wait():
    calls, together = [], threading.Barrier(8)

    def prepare():
        calls.append(threading.get_ident())

    app = watched(prepare)
    texts = []

    def visit():
        together.wait()
        texts.append(app.test_client().get("/").text)

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["index"] * 8
    assert len(calls) == 1


def test_while_it_raises_no_view_runs():
    seen, broken = [], [True]

    def prepare():
        if broken:
            raise RuntimeError("not yet")

    app = watched(prepare)
    app.add_url_rule("/seen", "seen", lambda: seen.append(1) or "seen")
    for _ in range(2):
        with pytest.raises(RuntimeError):
            app.test_client().get("/seen")
    assert seen == []
    broken.clear()
    assert app.test_client().get("/seen").text == "seen"


def test_an_application_that_dispatches_by_itself_goes_on_doing_so():
    app = Flask("shop")
    app.testing = True
    app.add_url_rule("/", "index", lambda: "index")
    original = app.dispatch_request
    app.dispatch_request = lambda *context: f"[{original(*context)}]"
    own = app.dispatch_request
    watch_first_request(app, lambda: None)
    assert app.test_client().get("/").text == "[index]"
    assert app.dispatch_request is own


def test_somebody_who_wrapped_us_is_not_unwrapped():
    app = watched(lambda: None)
    ours = app.dispatch_request
    app.dispatch_request = lambda *context: f"({ours(*context)})"
    assert [app.test_client().get("/").text for _ in range(2)] == ["(index)"] * 2


@pytest.mark.parametrize(("given", "debug"), [(None, False), (True, True), (False, False)])
def test_a_script_is_asked_when_it_serves_and_debug_is_known_by_then(given, debug):
    app = Flask("shop")
    said = []
    app.run = lambda *arguments, **options: said.append(("served", arguments, options))
    watch_run(app, lambda: said.append(app.debug))
    app.run("127.0.0.1", 5001, debug=given, threaded=True)
    assert said == [debug, ("served", ("127.0.0.1", 5001, given), {"threaded": True})]


def test_a_script_that_is_not_ready_does_not_serve():
    app = Flask("shop")
    served = []
    app.run = lambda *arguments, **options: served.append(1)

    def prepare():
        raise RuntimeError("no key")

    watch_run(app, prepare)
    with pytest.raises(RuntimeError, match="no key"):
        app.run()
    assert served == []
