"""A shop whose programs come with keys."""

from contextlib import contextmanager

from sqlalchemy import select
from tests.shop import FrozenClock, open_shop

from ostiary import ApiKeys
from ostiary.features.api_keys.store import api_keys

UNKNOWN = "01MCC5RM00EWA9225KV23V9H8W"


class KeyShop:
    """The shop, its keys, and the programs that present them."""

    def __init__(self, shop):
        self.shop = shop

    def create(self, owner="ada", **kwargs):
        with self.shop.app.app_context():
            return self.shop.auth.api_keys.create(owner, **{"name": "export", **kwargs})

    def rotate(self, id, *, owner="ada", **kwargs):
        with self.shop.app.app_context():
            return self.shop.auth.api_keys.rotate(id, owner=owner, **kwargs)

    def revoke(self, id, *, owner="ada"):
        with self.shop.app.app_context():
            self.shop.auth.api_keys.revoke(id, owner=owner)

    def list(self, owner="ada"):
        with self.shop.app.app_context():
            return self.shop.auth.api_keys.list(owner)

    def ask(self, text, path="/who", *, header="Authorization", method="GET", **headers):
        """What a program is answered that presents this text, and nothing that browsers send."""
        value = f"Bearer {text}" if header == "Authorization" else text
        return self.shop.app.test_client().open(path, method=method, headers={header: value, **headers})

    def who(self, text, **kwargs):
        """Whom the shop takes the program for; the status where it is refused."""
        answer = self.ask(text, **kwargs)
        return answer.json["subject"] if answer.status_code == 200 else answer.status_code

    def rows(self):
        with self.shop.database.read() as connection:
            return list(connection.execute(select(api_keys).order_by(api_keys.c.id)))


@contextmanager
def open_key_shop(url, *, keys=None, clock=None, **kwargs):
    with open_shop(url, clock=clock or FrozenClock(), further=[keys or ApiKeys()], **kwargs) as shop:
        yield KeyShop(shop)
