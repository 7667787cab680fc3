"""The public names, loaded when they are used; what is not switched on is not imported."""

import subprocess
import sys

import ostiary


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_public_names_are_the_ones_that_are_listed():
    assert set(ostiary.__all__) == set(ostiary._HOME)
    assert dir(ostiary) == sorted(ostiary.__all__)
    for name in ostiary.__all__:
        assert getattr(ostiary, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(ostiary, "current_user")


def test_importing_the_package_imports_no_framework_and_no_database():
    loaded = run("import sys, ostiary; print(*sys.modules)")
    assert not {"flask", "werkzeug", "sqlalchemy", "argon2", "click"} & set(loaded)


def test_features_that_are_not_switched_on_are_not_imported():
    code = (
        "import os, sys; os.environ['OSTIARY_DEVELOPMENT'] = '1'\n"
        "from flask import Flask; from ostiary import Sessions; from ostiary.flask import Auth\n"
        "app = Flask('x'); app.testing = True; Auth(app, [Sessions()]); app.test_client().get('/')\n"
        "print(*[name for name in sys.modules if name.startswith('ostiary.features.')])"
    )
    features = {name.split(".")[2] for name in run(code)}
    assert features == {"sessions", "sign_in", "rate_limits", "audit_log"}


def test_redis_and_psycopg_are_imported_only_where_they_are_used():
    code = (
        "import os, sys; os.environ['OSTIARY_DEVELOPMENT'] = '1'\n"
        "from flask import Flask; from ostiary import Sessions; from ostiary.flask import Auth\n"
        "app = Flask('x'); app.testing = True; Auth(app, [Sessions()]); app.test_client().get('/')\n"
        "print(*sys.modules)"
    )
    assert not {"redis", "psycopg", "alembic", "argon2"} & set(run(code))


def test_the_orm_and_the_words_of_another_database_are_not_imported():
    # A hundred milliseconds of every start: whoever uses them has imported them.
    code = (
        "import os, sys; os.environ['OSTIARY_DEVELOPMENT'] = '1'\n"
        "from flask import Flask; from ostiary import Accounts, ApiKeys, Passwords, Roles, Sessions, Tokens\n"
        "from ostiary.flask import Auth; app = Flask('x'); app.testing = True\n"
        "features = [Accounts(registration='open'), Passwords(), Sessions(), Tokens(), ApiKeys(), Roles()]\n"
        "Auth(app, features); client = app.test_client()\n"
        "assert client.get('/auth/sign-in').status_code == 200\n"
        "print(*sys.modules)"
    )
    loaded = set(run(code))
    assert "sqlalchemy.dialects.sqlite" in loaded
    assert not {"sqlalchemy.orm", "sqlalchemy.dialects.postgresql"} & loaded
