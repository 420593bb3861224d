"""Trades through an installed tidegate with the example strategy, which needs no GIL."""

import strategy

import tidegate
from tidegate import Engine, shipped
from tidegate.native.build import PROFILE

assert "site-packages" in tidegate.__file__, tidegate.__file__
assert PROFILE == "release", PROFILE
COUNT = 10
config = shipped.configs() / "embedded.toml"
with Engine.from_config(config, session="dev", run_dir="run") as engine:
    assert engine.until(lambda: engine.mark("GCZ3"), timeout=30), "no mark"
    names = [row.name for row in engine.run_dir.read_universe().accounts]
    account = names.index("dev-1") + 1
    told = strategy.trade(engine.native, account, 1, 13_350, COUNT, COUNT)
    assert told == (COUNT, 0, 0, COUNT), told
    engine.poll()
    found = [(row.instrument, row.position) for row in engine.positions("dev-1")]
    assert found == [("GCZ3", COUNT)], found
