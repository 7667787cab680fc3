"""Settings of one-time tokens, and what is pruned."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from tests.shop import NOON

from ostiary import Sessions
from ostiary.features.one_time_tokens import OneTimeTokenActions, OneTimeTokens
from ostiary.features.one_time_tokens.store import one_time_tokens
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY, HOUR
from ostiary.storage.prune import prune


@pytest.mark.must("63B-4.2.1.2")
def test_a_link_is_good_for_a_day_at_most():
    assert list(OneTimeTokens().problems()) == []
    for settings in ({"reset": "25h"}, {"verification": "2d"}):
        assert [problem.code for problem in OneTimeTokens(**settings).problems()] == ["impossible_link_lifetime"]


def test_features_that_send_links_are_told_the_lifetimes():
    app = Flask("x")
    app.testing = True
    app.config["OSTIARY_ONE_TIME_TOKENS_RESET"] = "30m"
    Auth(app, [OneTimeTokens(), Sessions()])
    actions = app.extensions["ostiary"].runtime.resources[OneTimeTokenActions]
    assert (actions.verification_lifetime, actions.reset_lifetime) == (DAY, HOUR // 2)


def test_what_nobody_redeemed_is_pruned(tokens, database):
    tokens.issue()
    tokens.issue(lifetime=2 * HOUR)
    removed = prune(database, NOON + HOUR, tables=OneTimeTokens().expiring())
    assert removed["ostiary_one_time_tokens"] == 1
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(one_time_tokens)).scalar_one() == 1
