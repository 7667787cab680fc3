"""The password on our sign-in page: its fields, and the proof of what was sent."""

from ostiary.features.passwords.verify import PasswordVerifier
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.factor import Evidence
from ostiary.web.credentials import read_credentials
from ostiary.web.form import FormField
from ostiary.web.route import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordForm:
    """Identifier and password. ``identifier_label`` is what the application's people sign in with."""

    verifier: PasswordVerifier
    identifier_label: str

    @property
    def kind(self) -> str:
        """A password."""
        return "password"

    @property
    def fields(self) -> tuple[FormField, ...]:
        """What it asks for. ``username`` is what managers look for beside a password, whatever it is (WHATWG HTML)."""
        return (
            FormField(name="identifier", label=self.identifier_label, autocomplete="username"),
            FormField(name="password", label="Password", type="password", autocomplete="current-password"),
        )

    def prove(self, call: Call) -> Evidence:
        """Evidence that the caller knows the password."""
        return self.verifier.verify(*read_credentials(call.request))
