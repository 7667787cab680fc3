"""Mail settings: what development forgives, what production wants, everything told at once and no password shown."""

import pytest
from tests.shop import KEY

from ostiary.delivery.address import Sender
from ostiary.delivery.settings import SmtpServer
from ostiary.kernel.errors import ConfigurationError
from ostiary.kernel.settings import Sources
from ostiary.runtime.deployment import read_deployment

GOOD = {"MAIL_URL": "smtps://mail.shop.example", "MAIL_FROM": "The Shop <no-reply@shop.example>"}


def read(tmp_path, *, development=False, testing=False, sends_mail=True, **names):
    names = {"SECRET_KEY": KEY, "PUBLIC_URL": "https://shop.example", **names}
    sources = Sources(config={}, environment={f"OSTIARY_{name}": value for name, value in names.items()})
    problems = []
    found = read_deployment(
        sources,
        problems,
        development=development,
        testing=testing,
        instance_path=tmp_path / "instance",
        sends_mail=sends_mail,
    )
    return found.mail, problems


def codes(problems):
    return [problem.code for problem in problems]


def test_production_with_a_server_and_a_sender_starts(tmp_path):
    mail, problems = read(tmp_path, **GOOD)
    assert problems == []
    assert mail.url == SmtpServer(host="mail.shop.example", port=465, security="tls")
    assert mail.sender == Sender(address="no-reply@shop.example", name="The Shop")
    assert (mail.host, mail.ca, mail.worker) == ("shop.example", None, "thread")


def test_production_that_does_not_say_where_mail_goes_does_not_start(tmp_path):
    _, problems = read(tmp_path)
    assert codes(problems) == ["no_mail_url"]
    assert "OSTIARY_MAIL_URL=smtp+starttls://" in problems[0].cure


@pytest.mark.asvs("V16.2.5")
@pytest.mark.parametrize("url", ["console:", "memory:"])
def test_production_leaves_no_link_in_a_log_and_loses_no_mail(tmp_path, url):
    assert codes(read(tmp_path, **{**GOOD, "MAIL_URL": url})[1]) == ["mail_leaves_nowhere"]
    assert codes(read(tmp_path, development=True, MAIL_URL=url)[1]) == []


def test_without_a_feature_that_sends_mail_nothing_is_asked(tmp_path):
    assert read(tmp_path, sends_mail=False, MAIL_URL="nonsense") == (None, [])


@pytest.mark.parametrize(("testing", "url"), [(True, "memory"), (False, "console")])
def test_tests_keep_mail_in_memory_and_development_shows_it(tmp_path, testing, url):
    mail, problems = read(tmp_path, development=True, testing=testing, PUBLIC_URL="")
    assert problems == []
    assert (mail.url, mail.sender.address, mail.host) == (url, "no-reply@localhost", "localhost")


def test_a_public_url_that_is_an_address_makes_no_sender_that_is_none(tmp_path):
    mail, _ = read(tmp_path, development=True, PUBLIC_URL="http://[::1]:5000")
    assert (mail.host, mail.sender.address) == ("[::1]", "no-reply@localhost")


def test_a_sender_is_needed_with_a_server_and_names_us_where_there_is_no_public_url(tmp_path):
    assert codes(read(tmp_path, MAIL_URL=GOOD["MAIL_URL"])[1]) == ["no_mail_from"]
    assert read(tmp_path, development=True, PUBLIC_URL="", **GOOD)[0].host == "shop.example"


@pytest.mark.attack("W4")
def test_everything_that_is_wrong_is_told_at_once_and_no_password_is_shown(tmp_path):
    _, problems = read(
        tmp_path,
        MAIL_URL="smtp://u:hunter2@mail.shop.example",
        MAIL_FROM="a@x.test, b@y.test",
        MAIL_CA="no certificate",
        MAIL_WORKER="perhaps",
    )
    assert sorted(codes(problems)) == ["not_a_mail_url", "not_an_address", "unreadable_mail_ca", "unreadable_setting"]
    assert "hunter2" not in str(ConfigurationError(problems))


def test_an_authority_of_one_s_own_is_named_by_its_file(tmp_path):
    from tests.certificate import certificate

    (tmp_path / "ca.pem").write_text(certificate(tmp_path)[1])
    mail, problems = read(tmp_path, **GOOD, MAIL_CA_FILE=str(tmp_path / "ca.pem"))
    assert problems == []
    assert mail.ca.startswith("-----BEGIN CERTIFICATE-----")


def test_a_worker_may_be_switched_off(tmp_path):
    assert read(tmp_path, **GOOD, MAIL_WORKER="none")[0].worker == "none"
