from flask import Flask
from ldap3 import Connection as Ldap, Server  # type: ignore[import-untyped]
from ldap3.core.exceptions import LDAPBindError  # type: ignore[import-untyped]
from ldap3.utils.dn import escape_rdn  # type: ignore[import-untyped]
from ostiary import Accounts, Passwords, Sessions
from ostiary.flask import Auth

server = Server("ldaps://ldap.example.com", connect_timeout=3)


def bind(identifier: str, password: str) -> str | None:
    """The directory's stable id when the password is right, None when it is not; any other error is 'unavailable', never 'wrong'."""
    try:
        dn = f"uid={escape_rdn(identifier)},ou=people,dc=example,dc=com"
        with Ldap(server, dn, password, auto_bind=True) as directory:
            directory.search(dn, "(objectClass=*)", "BASE", attributes=["entryUUID"])
            return f"ldap:{directory.entries[0].entryUUID}"
    except LDAPBindError:
        return None


app = Flask(__name__)
auth = Auth(app, [Accounts(), Passwords(check=bind, new_accounts="create"), Sessions()])


@app.get("/")
@auth.require
def index() -> str:
    return f"Hello {auth.user.username}"
