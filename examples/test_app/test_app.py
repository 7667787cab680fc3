from ostiary.testing import AuthKit


def test_transfers_need_a_recent_second_factor(auth_kit: AuthKit) -> None:
    teller = auth_kit.client(factors=["password", "totp"])
    assert teller.post("/transfers").status_code == 200
    auth_kit.clock.advance("6m")
    answer = teller.post("/transfers", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "step_up_needed")


def test_a_password_alone_may_not_transfer(auth_kit: AuthKit) -> None:
    ada = auth_kit.account(email="ada@example.com")
    assert auth_kit.client(ada).post("/transfers").status_code == 403


def test_registering_sends_a_link_that_verifies(auth_kit: AuthKit) -> None:
    client = auth_kit.client()  # anonymous, but behaves like a browser on our origin
    client.post("/auth/register", json={"identifier": "ada@example.com", "password": "correct horse battery staple"})
    link = auth_kit.outbox.last(to="ada@example.com").link
    assert client.get(link).status_code == 200
