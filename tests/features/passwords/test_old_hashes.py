"""Old hashes: those that other systems wrote are read, where they are allowed, and never at any price."""

import time

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.passwords.house import open_house
from tests.shop import PASSWORD, hashed

from ostiary import SignInRefused
from ostiary.features.passwords import old_hashes
from ostiary.features.passwords.old_hashes import FORMATS, OldHashes
from ostiary.kernel.secret import Secret

SALT = Secret("146585145368132386173505678016728509634")
# Written by Werkzeug 3.1, bcrypt 4.0, Django 5.2, passlib 1.7 and Flask-Security 5.9, with cheap parameters.
WRITTEN = {
    "werkzeug scrypt": "scrypt:1024:8:1$leTtGu90u8BAE07O$2b6acb10808d4a7e2b03bd8d98557a51a76ed2b0c538f88e5d6596453f614feed774be2242f39b3651d29ac4df6f78c36c00f29ad3654529da74c876d2ec0c9d",
    "werkzeug scrypt, as by default": "scrypt:32768:8:1$zwC0Fn38DsMGcjYl$e7f02f604c9ee67a2dbdc0a81254e8c02d478a451881474d954c5fbbaf76dca20fcdd5625cab4bb93134542ddace6abfa8b541845e008d66ccd2567c510f0d27",
    "werkzeug pbkdf2": "pbkdf2:sha256:1000$X22bKhlfQ1cX2Xnp$24c3236ec0b21bb26e143e29e2d377d2524d2b8da5b82d7e02c23696c91e8ca4",
    "werkzeug pbkdf2 sha512": "pbkdf2:sha512:1000$xA6MWwFX9cmXNjDF$d47ad6ee46615387a721e12dcb48e14b8b39d3261c468f81f7afc6172d1073f5dc7e410ad7f2b6dbf82e2ad975e0d3a3c3a53cad0e12a96fb2177604fa25da22",
    "bcrypt 2a": "$2a$04$8HjWh02yL5VZKXYe1On9PePszXhkPNU.dJv4nfWouoIoBeXLE3qAm",
    "bcrypt 2b": "$2b$04$J26NmiEuNKHmaHisWz4uT.KKZ/ovzZwmkXmvrdvMX4oyw/vyhFCii",
    "bcrypt 2y": "$2y$04$J26NmiEuNKHmaHisWz4uT.KKZ/ovzZwmkXmvrdvMX4oyw/vyhFCii",
    "django pbkdf2": "pbkdf2_sha256$1000$seasalt123$mi/mouJNitkW01F5F1gueFuRlWbcQkpDEMxeAA/Xa9k=",
    "django scrypt": "scrypt$1024$seasalt123$8$5$pkCsiYOLGVhskxf7CB23KxMhpKX1DGXY6namV37w5dfSYCNzyzPhrdd6Xea//59IJxQkz0B1UbxprDthHkXFgQ==",
    "django argon2": "argon2$argon2id$v=19$m=64,t=1,p=1$c2Vhc2FsdDEyMw$rJbjZCEp85WlZ+iM0qFfvdD4VyRRcdPpIdsv7IqRh8o",
    "django bcrypt_sha256": "bcrypt_sha256$$2b$04$u1qlkTyELU3BHnmdOxJfhelmWFj5NQAFiN4whdGWbR.rnfGlzk7dO",
    "django bcrypt": "bcrypt$$2b$04$w6NemRdIjZZF8OQ/RnpgMuEHB3M1DCwGROGA0.bUD1GZO3IRYwiFC",
    "passlib pbkdf2-sha256": "$pbkdf2-sha256$1000$oXQuhbB2jjGmNEYoBQAgZA$GDIcQcEbhuIJ/FFfjByXzJdcK9RzSvWSxgLeEgP57X0",
    "passlib pbkdf2-sha512": "$pbkdf2-sha512$1000$h/B.r9VaKwVgLEUoxfi/Nw$qe2I.LmCTqtew.1H/4e.fmyte.Hctz560Lb7W3/MXiMSl6Y5uYuoMNz0LyB3qADsHwx9s5MozkXFWxxim0O4tQ",
    "passlib argon2id": "$argon2id$v=19$m=64,t=1,p=1$lrL2HiNkDOGcE4LQOodwDg$UhexMsmaSKrMyDEzoLXfNvhg00Ni7ky3JxhcX/FJ+jo",
    "passlib argon2i": "$argon2i$v=19$m=64,t=1,p=1$pxRiDGFMiTGmtHbu/T/nnA$Ok3/hy4jOMAy0IjoB/giYvNpCUKzgtZ0HrKgq78RLag",
    "flask-security bcrypt": "$2b$04$/zL6jVvywsDt3VQfLqzVV.cTuxxg8AexC0xZXcFqK2sljQvTsJOn.",
    "flask-security argon2": "$argon2id$v=19$m=64,t=1,p=1$QQjhHGOMkfIeoxTi3Pv/vw$Epsvj8V+juGg0wO6LityRkMX/aVxYNT8DSB53qDVh4s",
    "flask-security pbkdf2_sha512": "$pbkdf2-sha512$1000$KuW8N.ZcKyWE8L5XqhXC2A$UPA5wLzEF.apqiOuOGLuoDZZyU9lXI5Nd1SKd6yaukLWPMB3Li19cOJMB2hU.INiULwPrjz4qY4milb77IvMnQ",
}
EVERY = [pytest.param(name.split()[0], stored, id=name) for name, stored in WRITTEN.items()]


def _reader(*formats: str) -> OldHashes:
    return OldHashes(formats, flask_security_salt=SALT if "flask-security" in formats else None)


@pytest.mark.parametrize(("format", "stored"), EVERY)
@pytest.mark.asvs("V6.2.8")
@pytest.mark.attack("J7")
def test_what_another_system_wrote_is_read_exactly(format: str, stored: str) -> None:
    reader = _reader(format)
    assert reader.verify(stored, PASSWORD)
    for wrong in (PASSWORD + " ", " " + PASSWORD, PASSWORD.upper(), PASSWORD[:-1], PASSWORD + "\0", "x", ""):
        assert not reader.verify(stored, wrong)


@pytest.mark.parametrize(("format", "stored"), EVERY)
def test_a_format_that_is_not_allowed_matches_nothing(format: str, stored: str) -> None:
    # passlib's hashes of bcrypt are bcrypt's, and Flask-Security's are passlib's of something else.
    others = [name for name in FORMATS if name != format and {name, format} != {"bcrypt", "passlib"}]
    assert not any(_reader(name).verify(stored, PASSWORD) for name in others)
    assert not OldHashes(()).verify(stored, PASSWORD)


@pytest.mark.parametrize("name", [name for name in WRITTEN if name.startswith("flask-security")])
def test_flask_securitys_hashes_want_its_salt(name: str) -> None:
    other = OldHashes(("flask-security",), flask_security_salt=Secret("another salt"))
    assert not other.verify(WRITTEN[name], PASSWORD)
    assert not OldHashes(("flask-security",)).verify(WRITTEN[name], PASSWORD)
    assert SALT.reveal() not in repr(other)


# bcrypt and its 72 bytes


@pytest.mark.asvs("V6.2.8")
@pytest.mark.attack("J5")
def test_a_password_longer_than_bcrypt_reads_is_refused_and_not_cut() -> None:
    stored = bcrypt.hashpw(b"a" * 72, bcrypt.gensalt(4)).decode()
    reader = _reader("bcrypt")
    assert reader.verify(stored, "a" * 72)
    for longer in ("a" * 73, "a" * 72 + "b", "a" * 1_000):
        assert not reader.verify(stored, longer)
    # 72 characters that are more than 72 bytes.
    assert not reader.verify(bcrypt.hashpw("é".encode() * 36, bcrypt.gensalt(4)).decode(), "é" * 37)


@pytest.mark.attack("J6")
@pytest.mark.parametrize("name", ["django bcrypt_sha256", "flask-security bcrypt"])
def test_a_prehash_before_bcrypt_is_text_of_the_whole_password(name: str) -> None:
    seen: list[bytes] = []
    original = bcrypt.checkpw
    try:
        bcrypt.checkpw = lambda given, stored: seen.append(given) or original(given, stored)
        for password in ("x" * 500 + "1", "x" * 500 + "2"):
            _reader(name.split()[0]).verify(WRITTEN[name], password)
    finally:
        bcrypt.checkpw = original
    one, other = seen[0], seen[1]
    assert one != other
    assert all(b"\0" not in given and given.isascii() and 64 <= len(given) <= 72 for given in seen)


@pytest.mark.attack("J4")
@pytest.mark.parametrize("format", ["bcrypt", "werkzeug", "django"])
def test_a_nul_byte_ends_no_password(format: str) -> None:
    from werkzeug.security import generate_password_hash

    stored = {
        "bcrypt": bcrypt.hashpw(b"good\0evil", bcrypt.gensalt(4)).decode(),
        "werkzeug": generate_password_hash("good\0evil", "scrypt:1024:8:1"),
        "django": "bcrypt$" + bcrypt.hashpw(b"good\0evil", bcrypt.gensalt(4)).decode(),
    }[format]
    assert _reader(format).verify(stored, "good\0evil")
    assert not _reader(format).verify(stored, "good")
    assert not _reader(format).verify(stored, "good\0other")


@pytest.mark.attack("J8")
def test_letters_beyond_ascii_are_never_replaced() -> None:
    stored = bcrypt.hashpw("пароль?".encode(), bcrypt.gensalt(4)).decode()
    assert _reader("bcrypt").verify(stored, "пароль?")
    assert not _reader("bcrypt").verify(stored, "???????")


# Never at any price


@pytest.mark.asvs("V11.4.2")
@pytest.mark.parametrize(
    ("format", "stored"),
    [
        ("werkzeug", f"scrypt:{1 << 30}:8:1$salt${'0' * 128}"),
        ("werkzeug", f"scrypt:1024:9999:9999$salt${'0' * 128}"),
        ("werkzeug", f"scrypt:1000:8:1$salt${'0' * 128}"),
        ("werkzeug", f"scrypt:0:8:1$salt${'0' * 128}"),
        ("werkzeug", f"scrypt:1024:0:1$salt${'0' * 128}"),
        ("werkzeug", f"pbkdf2:sha256:999999999$salt${'0' * 64}"),
        ("werkzeug", f"pbkdf2:sha256:0$salt${'0' * 64}"),
        ("werkzeug", f"pbkdf2:sha256:{'9' * 400}$salt${'0' * 64}"),
        ("werkzeug", "plain$$correct horse battery staple"),
        ("werkzeug", "md5$salt$0cc175b9c0f1b6a831c399e269772661"),
        ("bcrypt", "$2b$31$" + "a" * 53),
        ("bcrypt", "$2b$03$" + "a" * 53),
        ("bcrypt", "$2x$04$" + "a" * 53),
        ("django", f"pbkdf2_sha256$999999999$salt${'A' * 43}="),
        ("django", f"scrypt${1 << 29}$salt$8$1${'A' * 86}=="),
        ("django", "argon2$argon2id$v=19$m=99999999,t=9,p=1$c2Vhc2FsdA$c2Vhc2FsdA"),
        ("django", "!unusable"),
        ("django", "md5$salt$0cc175b9c0f1b6a831c399e269772661"),
        ("passlib", f"$pbkdf2-sha256$999999999$c2FsdA${'A' * 43}"),
        ("passlib", "$pbkdf2-sha256$1000$c2FsdA$a"),
        ("passlib", "$argon2id$v=19$m=4194304,t=2,p=1$c2Vhc2FsdA$c2Vhc2FsdA"),
        ("passlib", "$argon2id$v=19$m=64,t=99999999,p=1$c2Vhc2FsdA$c2Vhc2FsdA"),
    ],
)
def test_a_stored_hash_that_asks_for_too_much_or_is_none_is_not_computed(format, stored, monkeypatch) -> None:
    monkeypatch.setattr(old_hashes, "_placeholder", lambda _: "none")
    reader = _reader(format)
    started = time.process_time()
    for password in (PASSWORD, "", "x"):
        assert not reader.verify(stored, password)
    assert time.process_time() - started < 0.5


@given(st.text(max_size=600), st.sampled_from(FORMATS))
def test_whatever_a_column_holds_the_answer_is_no(stored: str, format: str) -> None:
    reader = OldHashes((format,), flask_security_salt=SALT)
    assert reader._read(stored) is None


@given(st.sampled_from(sorted(WRITTEN)), st.data())
def test_a_damaged_hash_matches_nothing_and_raises_nothing(name: str, data: st.DataObject) -> None:
    stored = WRITTEN[name]
    place = data.draw(st.integers(0, len(stored) - 4))
    damaged = stored[:place] + data.draw(st.sampled_from("$0aZ=,:\ud800é")) + stored[place + 1 :]
    check = _reader(name.split()[0])._read(damaged)
    if damaged != stored and check is not None and name != "werkzeug scrypt, as by default":
        # A bit of bcrypt's salt and tag is written in more than one way; such a spelling is the same hash.
        assert check(PASSWORD.encode()) in ({False, True} if "bcrypt" in name else {False})


# The same work


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I2")
@pytest.mark.parametrize("format", FORMATS)
def test_a_placeholder_is_read_as_a_hash_of_its_format_and_matches_nothing(format: str) -> None:
    reader = _reader(format)
    assert reader._read(old_hashes._placeholder(format)) is not None
    assert reader._nobody is not None


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I2")
@pytest.mark.parametrize("who", ["new", "old", "nobody", "empty", "strange"])
def test_while_old_hashes_are_read_every_refused_guess_costs_one_of_each(sqlite_url, hashes, monkeypatch, who) -> None:
    old = []
    original = old_hashes._read_werkzeug

    def counting(stored: str):
        check = original(stored)
        return check and (lambda typed: old.append(stored[:6]) or check(typed))

    readers = {**old_hashes._READERS, "werkzeug": counting}
    monkeypatch.setattr(old_hashes, "_READERS", readers)
    users = {"new": hashed(), "old": WRITTEN["werkzeug scrypt"], "empty": "", "strange": "$1$salt$hash"}
    hashes.clear()
    with open_house(sqlite_url, lookup=users.get, legacy=("werkzeug",)) as house:
        with pytest.raises(SignInRefused):
            house.verify(who, "wrong")
    assert (len(hashes), old) == (1, ["scrypt"])


# Moving


@pytest.mark.asvs("V11.2.2")
@pytest.mark.parametrize(("format", "stored"), EVERY)
def test_whoever_signs_in_with_an_old_hash_has_a_new_one(sqlite_url: str, format: str, stored: str) -> None:
    settings = {"flask_security_salt": SALT} if format == "flask-security" else {}
    with open_house(sqlite_url, legacy=(format,), **settings) as house:
        account = house.accounts.create(email="ada@mail.example")
        house.store(account.id, stored)
        with pytest.raises(SignInRefused):
            house.verify("ada@mail.example", "wrong")
        assert house.stored(account.id) == stored
        house.verify("ada@mail.example", PASSWORD)
        assert house.stored(account.id).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert house.verify("ada@mail.example", PASSWORD).subject == account.id


def test_the_applications_own_users_are_handed_their_new_hash_with_the_old_one(sqlite_url: str) -> None:
    users = {"ada": ("17", WRITTEN["django pbkdf2"])}
    handed = []

    def on_rehash(subject: str, old: str, new: str) -> None:
        handed.append((subject, old))
        users["ada"] = ("17", new)

    with open_house(sqlite_url, lookup=users.get, legacy=("django",), on_rehash=on_rehash) as house:
        house.verify("ada", PASSWORD)
        house.verify("ada", PASSWORD)
    assert handed == [("17", WRITTEN["django pbkdf2"])]


def test_a_failure_to_store_the_new_hash_refuses_nobody(sqlite_url: str, caplog) -> None:
    def on_rehash(*_: str) -> None:
        raise LookupError("no disk")

    users = {"ada": WRITTEN["django pbkdf2"]}
    with open_house(sqlite_url, lookup=users.get, legacy=("django",), on_rehash=on_rehash) as house:
        assert house.verify("ada", PASSWORD).subject == "ada"
    assert "on_rehash" in caplog.text
    assert PASSWORD not in caplog.text
