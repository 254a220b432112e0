"""The programs that give an address: what they are called with, and which of their words is the address."""

from __future__ import annotations

import pytest

from server.tunnel import kinds
from server.tunnel.kinds import TunnelError, ngrok_address, plan, ssh_host


@pytest.mark.parametrize(
    ("command", "host"),
    [
        ("ssh -N -R 0:127.0.0.1:8000 me@host.example", "host.example"),
        ("ssh -NR 0:127.0.0.1:8000 host.example", "host.example"),
        ("ssh -p22 -i key -o A=b -N -R 0:127.0.0.1:1 -- host", "host"),
        ("/usr/bin/ssh -R0:127.0.0.1:1 -N ssh://me@host.example:2222", "host.example"),
        ("ssh host -N", "host"),
    ],
)
def test_the_host_of_an_ssh_command_is_its_first_word_that_is_no_option(command: str, host: str) -> None:
    """An option's value, joined or apart, is never taken for the host."""
    assert ssh_host(tuple(command.split())) == host


def test_a_port_that_ssh_was_given_makes_the_address() -> None:
    """OpenSSH's "Allocated port" is the address's port; other lines tell nothing."""
    heard = plan("ssh -N -R 0:127.0.0.1:{port} me@host.example", 8000).heard
    assert heard("Warning: Permanently added 'host.example' (ED25519) to the list of known hosts.") is None
    assert heard("Allocated port 40213 for remote forward to 127.0.0.1:8000") == "http://host.example:40213"


def test_the_first_address_of_the_world_is_a_commands_address() -> None:
    """Addresses of this machine are skipped, and later ones are of requests and help pages."""
    heard = plan("bore-like --to {port}", 8000).heard
    assert heard("forwarding http://localhost:8000") is None
    assert heard("forwarding http://127.0.0.1:8000") is None
    assert heard("listening at https://abc.example:8443.") == "https://abc.example:8443"
    assert heard("GET https://elsewhere.example/x") is None


async def test_a_fixed_address_wins_over_what_a_program_says() -> None:
    """With [tunnel] public_url the program only keeps the way open."""
    planned = plan("cloudflared tunnel run --url http://127.0.0.1:{port} shop", 8000, "https://shop.example/")
    assert planned.asked is not None
    assert await planned.asked() == "https://shop.example"
    assert planned.heard("INF see https://elsewhere.example") is None
    assert planned.argv[-2] == "http://127.0.0.1:8000"


@pytest.mark.parametrize("command", ["cloudflare", "ssh host", "", "ngrok http 'x{port}"])
def test_what_is_no_tunnel_is_said_so(command: str) -> None:
    """A name that is not known, a command without {port}, an open quote: a sentence, before anything is started."""
    with pytest.raises(TunnelError):
        plan(command, 8000)


def test_a_program_that_is_missing_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner reads the program's name and where it comes from."""
    monkeypatch.setenv("PATH", "/nowhere")
    for name in kinds.NAMES:
        with pytest.raises(TunnelError, match=r"not installed. Install"):
            kinds.check(name)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"tunnels": None},
        {"tunnels": [None, 3, {}, {"config": None, "public_url": "https://a"}]},
        {"tunnels": [{"config": {"addr": "http://localhost:80800"}, "public_url": "https://a"}]},
        {"tunnels": [{"config": {"addr": "http://localhost:8080"}, "public_url": None}]},
        {"tunnels": [{"config": {"addr": "http://localhost:8080"}, "public_url": "tcp://a:1"}]},
    ],
)
def test_only_an_https_tunnel_to_our_port_is_ours(told: dict[str, object]) -> None:
    """Another agent's list, or half of one, gives no address."""
    assert ngrok_address(told, 8080) is None


def test_our_ngrok_tunnel_is_found_by_its_port() -> None:
    """The agent writes the port with and without a scheme."""
    for addr in ("http://localhost:8080", "localhost:8080", "http://127.0.0.1:8080/"):
        assert ngrok_address({"tunnels": [{"config": {"addr": addr}, "public_url": "https://a.ngrok.app"}]}, 8080)
