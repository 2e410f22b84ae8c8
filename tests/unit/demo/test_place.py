import socket
from pathlib import Path

import pytest

from sentinel.config import parse
from sentinel.demo.place import DemoError, Place, Ports, check_free, parse_ports
from sentinel.demo.sidecar import Timing, demo_configuration, own_server_configuration, write_secrets


def test_ports_default_to_the_documented_ones() -> None:
    assert parse_ports("") == Ports(server=8080, traffic=8081, deployer=8082, telemetry=9108, admin=9109)


def test_ports_by_name_and_free_ones() -> None:
    assert parse_ports("traffic=18081,admin=19109") == Ports(traffic=18081, admin=19109)
    free = parse_ports("auto")
    assert len({free.server, free.traffic, free.deployer, free.telemetry, free.admin}) == 5
    check_free(free, ("server", "traffic"))


@pytest.mark.parametrize("text", ["8080", "traffic=", "traffic=0", "traffic=65536", "nobody=80", "traffic=-1"])
def test_nonsense_ports_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="server, traffic, deployer, telemetry, admin"):
        parse_ports(text)


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoError, match=f"port {port} .for traffic.*--ports traffic="):
            check_free(Ports(traffic=port), ("traffic",))


def test_one_demo_per_folder(tmp_path: Path) -> None:
    place = Place(tmp_path / "demo")
    with place.claimed():
        (place.run / "left over").touch()
        with pytest.raises(DemoError, match="another demo"), place.claimed():
            pass
    with place.claimed():
        assert not (place.run / "left over").exists()


def test_secrets_are_the_owners_alone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with place.claimed():
        write_secrets(place)
    assert place.secret.read_text().startswith("whsec_")
    assert place.secret.stat().st_mode & 0o077 == place.admin_token.stat().st_mode & 0o077 == 0


def test_the_configurations_are_valid(tmp_path: Path) -> None:
    place, ports = Place(tmp_path), Ports()
    story = parse(demo_configuration(place, ports, Timing(window_seconds=2.0)))
    assert story.rollback.mode == "enforce"
    assert story.window.seconds == 2.0
    own = parse(own_server_configuration(place, ports, "10.0.0.1:9000"))
    assert own.rollback.mode == "dry_run"
    assert own.relay[0].upstream == "10.0.0.1:9000"
