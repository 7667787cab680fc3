"""The one setting: whose refusals explain themselves. And the feature comes by itself."""

import subprocess
import sys

import pytest
from flask import Flask

from ostiary import ConfigurationError, Sessions
from ostiary.features.policies import Policies
from ostiary.flask import Auth
from ostiary.policies import anyone


class Thing:
    pass


def app_with(features, **config):
    app = Flask("shop")
    app.testing = True
    app.config.update(config)
    return app, Auth(app, features)


def test_it_comes_by_being_used():
    app, auth = app_with([Sessions()])
    auth.policy("read", Thing, visitors=True)(anyone())
    with app.app_context():
        assert auth.can("read", Thing())


def test_listed_it_takes_its_setting_from_code_or_configuration():
    for features, config in (
        ([Sessions(), Policies(explained_to="staff:see")], {}),
        ([Sessions(), Policies()], {"OSTIARY_POLICIES_EXPLAINED_TO": "staff:see"}),
    ):
        app, auth = app_with(features, **config)
        auth.policy("read", Thing)(anyone())
        with app.app_context():
            assert app.extensions["ostiary"].policy_actions.explained_to == "staff:see"


def test_what_is_no_permission_shows_its_grounds_to_nobody_and_is_refused():
    with pytest.raises(ConfigurationError, match="not_a_permission"):
        app_with([Sessions(), Policies(explained_to="staff")])


def test_an_application_without_policies_loads_nothing_of_them():
    program = (
        "import sys; from flask import Flask; from ostiary import Sessions; from ostiary.flask import Auth\n"
        "app = Flask('x'); app.testing = True; auth = Auth(app, [Sessions()])\n"
        "app.add_url_rule('/', 'a', auth.require(lambda: 'x')); app.test_client().get('/')\n"
        "print([name for name in sys.modules if 'features.policies' in name])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
