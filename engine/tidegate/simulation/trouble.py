"""What happens to whole stages, connections and clocks: kills, stops, cuts, jumps."""

from pathlib import Path

from tidegate.simulation.disk import contents, lose_pages, tear
from tidegate.simulation.hosts import Host
from tidegate.simulation.run import World
from tidegate.simulation.spoiling import DAMAGES

MS = 1_000_000
DOWN_NS_MAX = 300 * MS
# Crash points that a duty cycle passes, as a power of two.
POINTS_LOG_MAX = 9
STOP_NS_MAX = 150 * MS
# Longer than the gateway waits for a client that is silent, now and then.
GONE_NS_MAX = 1800 * MS
DEAF_NS_MAX = 900 * MS
AHEAD_NS_MAX = 3000 * MS
# Less than the mean time between two, or time would run backwards for good.
BACK_NS_MAX = 800 * MS


class Trouble:
    """Makes a world suffer what its faults say, and heals what is due."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dead: list[tuple[int, Host]] = []

    def work(self) -> None:
        """Called between turns."""
        world = self.world
        for due in [due for due in self.dead if due[0] <= world.elapsed_ns]:
            self.dead.remove(due)
            world.up(due[1])
        for back in world.returning:
            if back.client.link.is_dead and back.due_ns <= world.elapsed_ns:
                back.begin()
        for name in world.faults.events(world.elapsed_ns):
            self.strike(name)

    def heal(self) -> None:
        """Everything that is down comes back, and nothing is held any more."""
        world = self.world
        world.faults.quiet()
        for lane in world.lanes.values():
            lane.stopped_until = 0
        for client in world.clients:
            client.link.deaf_until = 0
        for venue in world.venues:
            venue.heal()
        for _, host in self.dead:
            world.up(host)
        self.dead.clear()
        for back in world.returning:
            if back.client.link.is_dead:
                back.begin()

    def strike(self, name: str) -> None:
        """One fault, now."""
        world, draw = self.world, self.world.faults.draw
        now_ns = world.timeline.now_ns
        if name == "die_within":
            self._die_within()
        elif name == "kill_client":
            until_ns = world.elapsed_ns + draw.randrange(GONE_NS_MAX)
            world.kill_client(draw.choice(world.clients), until_ns)
        elif name == "spoil_snapshot":
            # Seen where risk is killed before a newer one is written.
            if world.spoiled.spoil(draw.choice(DAMAGES)):
                self._kill("risk")
        elif name.startswith("kill_"):
            self._kill(name.removeprefix("kill_"))
        elif name == "power_loss":
            self._lose_power()
        elif name == "torn_tail":
            self._kill("risk")
            if not world.risk.is_up:
                tear(world.run_dir.journal, draw)
        elif name == "stop_lane":
            lane = draw.choice(list(world.lanes.values()))
            lane.stopped_until = now_ns + draw.randrange(STOP_NS_MAX)
        elif name == "cut_client":
            draw.choice(world.clients).link.cut()
        elif name == "deaf_client":
            draw.choice(world.clients).link.deaf_until = now_ns + draw.randrange(DEAF_NS_MAX)
        elif name == "cut_venue":
            draw.choice(world.links).cut()
        elif name == "clock_back":
            world.timeline.advance(-draw.randrange(BACK_NS_MAX))
        elif name == "clock_ahead":
            world.timeline.advance(draw.randrange(AHEAD_NS_MAX))

    def _die_within(self) -> None:
        """A stage ends in the middle of a duty cycle, and of a change; some of it may have left."""
        world, draw = self.world, self.world.faults.draw
        host: Host = draw.choice((world.gateway, world.risk, world.router))
        if host.is_up and host.die_within(1 + int(2 ** (draw.random() * POINTS_LOG_MAX))):
            world.down(host, is_mute=draw.random() < 0.5)
            self.dead.append((world.elapsed_ns + draw.randrange(DOWN_NS_MAX), host))
        else:
            # It was over before: an ordinary duty cycle.
            world.faults.happened["die_within"] -= 1

    def _lose_power(self) -> None:
        """Risk's host stops while records of a turn are written and not yet on the disk."""
        world, draw = self.world, self.world.faults.draw
        host = world.risk
        if not host.is_up:
            return
        journal, regions = world.run_dir.journal, world.run_dir.regions
        for lane in world.lanes.values():
            lane.move(world.timeline.now_ns)
        before, rings = contents(journal), rings_of(regions)
        host.loses_more_than = host.sequence
        host.last_turn()
        host.down(is_mute=True)
        lose_pages(journal, before, draw)
        # What leaves is put into the rings after the sync.
        for path, content in rings.items():
            path.write_bytes(content)
        self.dead.append((world.elapsed_ns + draw.randrange(DOWN_NS_MAX), host))

    def _kill(self, stage: str) -> None:
        world = self.world
        host: Host
        if stage == "venue":
            host = world.faults.draw.choice(world.venues)
        else:
            host = next(host for host in world.hosts if host.name == stage)
        if not host.is_up:
            return
        world.down(host)
        self.dead.append(
            (world.elapsed_ns + world.faults.draw.randrange(DOWN_NS_MAX), host)
        )  # fmt: skip


def rings_of(regions: Path) -> dict[Path, bytes]:
    """The rings of the lanes that risk sends on."""
    names = ("lane-routes", "lane-reports")
    return {regions / name: (regions / name).read_bytes() for name in names}
