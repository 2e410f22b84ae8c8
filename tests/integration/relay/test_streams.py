"""A short run of `make relay-streams`: whatever passes, passes unaltered, and every exchange is accounted for."""

from pathlib import Path

from bench.relay_streams import tried


async def test_random_and_damaged_streams_pass_unaltered(tmp_path: Path) -> None:
    trial, account = await tried(tmp_path, 1500, seed=7)
    assert trial.wrong == {}
    assert sum(trial.kinds.values()) == 1500
    assert len(trial.kinds) == 6
    assert account["received"] == sum(account[key] for key in ("sampled_out", "dropped", "analysed", "undecodable"))
