"""A certificate for the webhook's Service, under an authority of its own whose key is thrown away at once.

Nobody can sign anything more under that authority: a renewal makes another. Needs the extra `inject` (cryptography).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=30)
RENEW_BEFORE = timedelta(days=10)
"""A third of its life, so that weeks of failed renewals are noticed before it matters."""
CLOCK_SKEW = timedelta(hours=1)
"""Between this clock and the API server's."""
MOST_AUTHORITIES = 2
"""The one that signed the certificate, and the one before it, which replicas may still serve under."""

_START, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----\n"


@dataclass(frozen=True, slots=True)
class Issued:
    """PEM. authorities: whom the API server has to trust, the newest first."""

    certificate: bytes
    key: bytes
    authorities: bytes


def names_of(service: str, namespace: str) -> tuple[str, ...]:
    """What the API server calls a Service's webhook; the first is what it verifies."""
    return f"{service}.{namespace}.svc", f"{service}.{namespace}", service


def issue(names: tuple[str, ...], now: datetime, before: bytes = b"") -> Issued:
    """A certificate for these DNS names. before: authorities in use, of which the newest stays trusted."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _name(f"{names[0]} authority")
    authority = (
        _started(issuer, issuer, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _started(_name(names[0]), issuer, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(_signed_by(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    unprotected = serialization.NoEncryption()
    return Issued(
        certificate.public_bytes(pem),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unprotected),
        _newest(authority.public_bytes(pem), before),
    )


def expires_at(certificate: bytes) -> datetime:
    """End of a PEM certificate. Raises ValueError for what is none."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def is_due(issued: Issued, names: tuple[str, ...], now: datetime) -> bool:
    """Whether it has to be made anew: soon over, not for these names, or damaged."""
    try:
        found = x509.load_pem_x509_certificate(issued.certificate)
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found.verify_directly_issued_by(x509.load_pem_x509_certificates(issued.authorities)[0])
        key = serialization.load_pem_private_key(issued.key, password=None)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return True
    fits = key.public_key() == found.public_key() and {*names} <= {*named.get_values_for_type(x509.DNSName)}
    return not fits or found.not_valid_after_utc - now < RENEW_BEFORE


def _newest(authority: bytes, before: bytes) -> bytes:
    older = [part + _END for part in before.split(_END) if _START in part]
    return b"".join([authority, *older][:MOST_AUTHORITIES])


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])  # X.520: at most 64 characters


def _started(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - CLOCK_SKEW)
        .not_valid_after(now.astimezone(UTC) + LIFE)
    )


def _signed_by(authority: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    """Tells which of two authorities of the same name signed, during a renewal."""
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
