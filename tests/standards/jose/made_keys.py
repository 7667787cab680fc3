"""Keys that tests make, in the forms that others give them."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ostiary.standards.jose.base64url import encode_base64url

SECRET = b"0123456789abcdefghijklmnopqrstuv"
OTHER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65_537, 2_048)


def pem(key, encryption=NoEncryption(), form=PrivateFormat.PKCS8):
    return key.private_bytes(Encoding.PEM, form, encryption).decode()


def public_pem(key, form=PublicFormat.SubjectPublicKeyInfo):
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def number(value):
    return encode_base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
