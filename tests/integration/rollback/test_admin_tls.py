"""The admin interface with client certificates: who shows none is not heard, at the handshake."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sentinel.app.checks import problems
from sentinel.app.serving import listening
from sentinel.config.settings import AdminSettings, RollbackSettings, Settings
from sentinel.rollback.admin import admin_app
from sentinel.rollback.http import Backing, server_tls
from sentinel.store import open_store
from tests.support.ports import free_port
from tests.support.rollback_receiver import certificate

TOKEN = "the operators' token"


def settings(folder: Path, **more: str) -> AdminSettings:
    certificate(folder, "localhost")
    certificate(folder, "operator")
    return AdminSettings(
        certificate_file=f"{folder}/localhost.pem",
        key_file=f"{folder}/localhost.key",
        client_ca_file=f"{folder}/operator.pem",
        **more,
    )


def shown(folder: Path, who: str) -> ssl.SSLContext:
    """A client that trusts the server, and shows the certificate of `who`; "" shows none."""
    context = ssl.create_default_context(cafile=folder / "localhost.pem")
    if who:
        context.load_cert_chain(folder / f"{who}.pem", folder / f"{who}.key")
    return context


async def asked(folder: Path, admin: AdminSettings, who: str, **headers: str) -> int:
    """Status that a caller gets; raises what a refused handshake raises."""
    store = open_store(f"sqlite:///{folder}/store.db")

    async def ask(use: Callable[[Any], Any]) -> Any:
        return use(store)

    backing: Callable[..., Awaitable[Any]] = ask
    app = admin_app(
        Backing(backing, RollbackSettings(), lambda: 0.0), admin.token_file, certified=bool(admin.client_ca_file)
    )
    port = free_port()
    try:
        async with (
            listening(app, "admin.listen", f"127.0.0.1:{port}", server_tls(admin)),
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=shown(folder, who))) as session,
            session.get(f"https://localhost:{port}/v1/rollback", headers=headers) as answer,
        ):
            return answer.status
    finally:
        store.close()


async def test_an_operators_certificate_opens_it(tmp_path: Path) -> None:
    assert await asked(tmp_path, settings(tmp_path), "operator") == 200


@pytest.mark.parametrize("who", ["", "stranger"])
async def test_nobody_else_comes_past_the_handshake(tmp_path: Path, who: str) -> None:
    admin = settings(tmp_path)
    certificate(tmp_path, "stranger")
    with pytest.raises(aiohttp.ClientError):
        await asked(tmp_path, admin, who, Authorization=f"Bearer {TOKEN}")


async def test_with_a_token_as_well_both_are_needed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    admin = settings(tmp_path, token_file=f"{tmp_path}/token")
    assert await asked(tmp_path, admin, "operator") == 401
    assert await asked(tmp_path, admin, "operator", Authorization=f"Bearer {TOKEN}") == 200


@pytest.mark.parametrize(
    ("admin", "words"),
    [
        (AdminSettings(client_ca_file="ca.pem"), "client_ca_file needs a certificate_file"),
        (AdminSettings(certificate_file="/nowhere.pem"), "No such file"),
    ],
)
def test_certificates_that_cannot_be_served_are_said_beforehand(admin: AdminSettings, words: str) -> None:
    (problem,) = problems(Settings(admin=admin))
    assert problem.path == "admin.certificate_file"
    assert words in problem.message
