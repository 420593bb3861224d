"""The architecture as a test: layers, banned calls, limits of size, dead modules, top level."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Lowest first. A module imports lower layers and its own group; `a+b` is one group, and a name
# covers what is below it. A module that stands nowhere fails: say here where it belongs.
LAYERS = (
    "native.mortal",
    "errors naming stopping shipped native.build native.layout native.records native.invariant "
    "native.checksum native.crash_point native.numbers native.span_tables",
    "native.stamps native.clock+clock prices universe native.region+region native.zmqlib codec "
    "native.span_spreads",
    "run_dir universe_change native.hops native.bell native.wire_end "
    "native.histogram+histogram "
    "native.segments+native.journal_reader+native.journal session_messages native.span_exact",
    "native.shm_ring",
    "native.lane native.ring_probe",
    "native.retained native.numbered",
    "topology counters native.link native.poll native.tables native.outputs native.sessions "
    "native.front native.refusal native.legs native.stamps",
    "native.door ring_pair",
    "lane_ends placing native.intents native.reserve native.outbox native.alerts native.dirty "
    "working native.compared native.lane_numbers native.rates native.days native.identical",
    "native.margin native.age native.self_match native.throttle native.order_map "
    "native.venue_codes",
    "native.limit_rows risk_instruments",
    "native.orders native.positions native.balances",
    "native.level_margin",
    "native.holding",
    "native.context",
    "native.checks_state native.checks_order native.checks_rate native.checks_position "
    "native.checks_money native.counts",
    "native.checks native.ahead",
    "native.verdict native.doubts",
    "native.card_form+native.card",
    "native.fpga native.card_page native.card_wanted",
    "native.card_device native.card_sync",
    "native.card_driver",
    "native.backend",
    "backend",
    "card",
    "native.holding_probe",
    "native.states",
    "native.endings",
    "native.fills native.limit_change native.cash native.margin_change native.grades",
    "native.assessment native.answers risk_state",
    "native.requests native.intake native.session_control native.routing gateway_requests "
    "logon_reply",
    "gateway_logon",
    "native.reports native.resolving",
    "native.lists native.kill native.marks native.breaks native.day_roll",
    "native.clocks native.adjustment",
    "native.control",
    "native.after_fill",
    "native.booking",
    "native.pretrade",
    "native.verdict_bench native.journal_bench native.lane_bench native.load_bench "
    "native.chain_bench native.spin_bench native.venue_bench snapshot",
    "native.crowd_bench",
    "recovery",
    "replay retention",
    "native.venue_channel",
    "channel",
    "venue_session native.gateway_agent native.risk_agent native.router_agent replay audit",
    "gateway risk router span native.embedded native.turns",
    "fused",
    "native.order_entry native.embedded_bench",
    "venue_question",
    "reconciliation",
    "margin_stage snapshot_stage reconcile_stage",
    "config tape client+aio",
    "venue",
    "stage",
    "adoption",
    "admission",
    "supervisor inspect explain statement tuning latency",
    "demo simulation journal embedded",
    "cli+__main__ __init__",
)
FIRST_AGENTS = "native.gateway_agent"
STAGES = (
    {"native.intake", "native.gateway_agent", "gateway"},
    {"native.pretrade", "native.booking", "native.control", "native.risk_agent", "risk"},
    {"native.routing", "native.reports", "native.resolving", "native.router_agent"}
    | {"channel", "venue_session", "router"},
)
CLOCK = {"native.clock", "clock"}
ENTRIES = ("__init__", "__main__", "cli", "stage", "aio")
BENCHED = ("journal", "lane", "load", "crowd", "chain", "spin", "venue", "embedded")
ONLY_FOR_TESTS = {
    *("native.layout", "native.build", "native.holding_probe", "native.verdict_bench"),
    *(f"native.{name}_bench" for name in BENCHED),
    "native.ring_probe",
}
TOP_LEVEL = {".ci", ".gitignore", ".pre-commit-config.yaml", "ARCHITECTURE.md", "CHANGELOG.md"} | {
    *("LICENSE", "Makefile", "NOTICE", "README.md", "RISK.md", "bench", "configs", "engine", "ext"),
    *("pyproject.toml", "setup.py", "tests"),
}
BANNED = re.compile(
    r"\b(time\.(time|monotonic|perf_counter|process_time|sleep)|datetime\.(now|utcnow|today)"
    r"|random\.(?!Random\()\w+|Random\(\)|urandom|secrets\.|uuid[14]\(|environ\b|getenv\("
    r"|clock_gettime|gettimeofday|\brand\(|now_ns\()"
)
PASS = re.compile(r"(#|/\*|//) nondeterministic: \w+")
IMPORT = re.compile(
    r"^\s*(?:from\s+tidegate(\.[\w.]+)?\s+c?import\s+(.*)|c?import\s+tidegate\.([\w.]+))"
)
FUNCTION = re.compile(r"^(\s*)(?:cpdef|cdef|def)\b[^=]*?(\w+)\(")
LEFT_CODE = re.compile(
    r"^\s*#\s*((cdef|def|class|import) \w+|from [\w.]+ c?import |(if|for|while) .*:$"
    r"|return [\w.]+\(|print\(|[\w.]+ [-+]?= [\w.]+(\(.*\))?$|TODO|FIXME|XXX)"
)
OBJECT = re.compile(r"^cdef (inline )?(object |str |bytes |dict |list |tuple |set )?\w+\(")


def module_of(path: Path) -> str:
    """Returns the dotted name below tidegate; a package is named by its folder."""
    inner = path.relative_to(ROOT).with_suffix("").parts[2:]
    return ".".join(inner[:-1] if inner[-1] == "__init__" and len(inner) > 1 else inner)


def files(*suffixes: str, below: tuple[str, ...] = ("engine", "ext")) -> list[Path]:
    return sorted(p for top in below for p in (ROOT / top).rglob("*") if p.suffix in suffixes)


MODULES = {module_of(path) for path in files(".py", ".pyx", ".pxd")}


def code_of(path: Path) -> str:
    """Returns the text with strings and comments blanked, lines kept."""
    strings = r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*|/\*[\s\S]*?\*/'
    return re.sub(strings, lambda found: "\n" * found[0].count("\n"), path.read_text())


def known(name: str) -> str | None:
    """Returns the module that a dotted name below tidegate is or is in."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def imports_of(path: Path) -> Iterator[str]:
    """Yields what a file imports, at the top or inside, by statement or by name in a string."""
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.Constant) and re.fullmatch(
                r"tidegate(\.\w+)+", str(node.value)
            ):
                yield str(node.value)
        return
    for line in re.sub(r"\(\s*\n[^)]*\)", "", code_of(path)).splitlines():
        if found := IMPORT.match(line):
            package = f"tidegate.{(found[1] or '').strip('.') or found[3]}"
            yield from (f"{package}.{name}" for name in re.findall(r"\w+", found[2] or "") or [""])


def graph() -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {module: set() for module in MODULES}
    for path in files(".py", ".pyx", ".pxd"):
        names = (name.removeprefix("tidegate.") for name in imports_of(path) if "tidegate." in name)
        edges[module_of(path)] |= {target for name in names if (target := known(name))}
    return edges


def place(module: str) -> tuple[int, int] | None:
    """Returns layer and group of a module."""
    for layer, line in enumerate(LAYERS):
        for group, names in enumerate(line.split()):
            if any(module == name or module.startswith(name + ".") for name in names.split("+")):
                return layer, group
    return None


def test_every_module_stands_in_one_layer() -> None:
    nowhere = [name for name in MODULES - {"native"} if place(name) is None]
    assert not nowhere, f"add these to LAYERS: {nowhere}"


def test_a_module_imports_only_lower_layers() -> None:
    wrong = []
    for module, targets in graph().items():
        here = place(module)
        for target in targets - {module, "native"}:
            there = place(target)
            if here and there and there != here and there[0] >= here[0]:
                wrong.append(f"{module} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_stages_share_records_and_lanes_only() -> None:
    edges = graph()
    wrong = [
        f"{module} imports {target}"
        for stage in STAGES
        for other in STAGES
        for module in stage
        for target in edges.get(module, set()) & other
        if stage is not other
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_is_dead() -> None:
    edges, todo = graph(), [name for name in ENTRIES if name in MODULES]
    alive = set(todo)
    while todo:
        found = edges[todo.pop()]
        new = {*found, *(name.rpartition(".")[0] for name in found)} & MODULES - alive
        alive |= new
        todo.extend(new)
    dead = MODULES - alive - ONLY_FOR_TESTS - {"native"}
    assert not dead, f"nothing that runs imports {sorted(dead)}"


def test_time_and_randomness_enter_steps_only_as_data() -> None:
    agents = next(layer for layer, line in enumerate(LAYERS) if FIRST_AGENTS in line)
    wrong = []
    for path in files(".py", ".pyx", ".pxd", ".h"):
        at = place(module_of(path))
        free = at is not None and at[0] >= agents and not module_of(path).startswith("venue")
        if free or module_of(path) in CLOCK:
            continue
        lines = path.read_text().splitlines()
        for number, line in enumerate(code_of(path).splitlines(), 1):
            if BANNED.search(line) and not PASS.search(lines[number - 1]):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def functions_of(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yields name, first line and length of each function."""
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1
        return
    lines = code_of(path).splitlines()
    for first, line in enumerate(lines):
        if not (found := FUNCTION.match(line)):
            continue
        rest = enumerate(lines[first + 1 :], first + 1)
        inner = re.compile(rf"\s*$|{found[1]}(\s|\))")
        last = next((number for number, text in rest if not inner.match(text)), len(lines))
        yield found[2], first + 1, len("\n".join(lines[first:last]).rstrip().splitlines())


def test_files_functions_and_lines_fit() -> None:
    wrong = []
    for path in files(
        ".py", ".pyi", ".pyx", ".pxd", ".h", below=("engine", "ext", "tests", "bench")
    ):
        where, lines = path.relative_to(ROOT), path.read_text().splitlines()
        if len(lines) > 400:
            wrong.append(f"{where}: {len(lines)} lines, at most 400")
        for number, line in enumerate(lines, 1):
            if len(re.sub(r"  # (noqa|type: ignore).*", "", line)) > 100:
                wrong.append(f"{where}:{number}: {len(line)} columns, at most 100")
            if LEFT_CODE.match(line):
                wrong.append(f"{where}:{number}: code in a comment, or a TODO")
        for name, first, length in functions_of(path) if path.suffix in (".py", ".pyx") else ():
            if length > 60:
                wrong.append(f"{where}:{first}: {name} has {length} lines, at most 60")
    assert not wrong, "\n".join(wrong)


def test_every_pyx_has_its_stub_and_no_stub_is_left_over() -> None:
    assert {p.stem for p in files(".pyx")} == {p.stem for p in files(".pyi")}


def test_hot_functions_say_what_an_exception_does() -> None:
    """Without a clause a nogil function takes the GIL after each call; cpdef hides two calls."""
    wrong = []
    for path in files(".pyx", ".pxd"):
        code = re.sub(r"\n+(?=[^()]*\))", " ", code_of(path))
        code = re.sub(r"^( *)cdef extern [^\n]*:\n(?:\1 +[^\n]*\n|\n)*", "", code, flags=re.M)
        for line in map(str.strip, code.splitlines()):
            is_function = re.match(r"c(type)?def (?!class)[^=]*\w\)?\(", line)
            if (
                is_function
                and not OBJECT.match(line)
                and not re.search(r"\b(noexcept|except)\b", line)
            ):
                wrong.append(f"{path.name}: {line}")
            if line.startswith("cpdef ") and not line.startswith("cpdef enum "):
                wrong.append(f"{path.name}: {line}")
    assert not wrong, "\n".join(wrong)


def test_no_float_in_the_engine_s_hot_path() -> None:
    found = [
        path.name
        for path in files(".pyx", ".pxd", ".h")
        if re.search(r"\b(float|double)\b", code_of(path))
    ]
    assert found == []


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of its files")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_test_files_share_no_name() -> None:
    """Most test folders are no packages: there two files of one name are one module for pytest."""
    names = [
        path.name
        for path in files(".py", below=("tests", "bench"))
        if path.name != "conftest.py" and not (path.parent / "__init__.py").exists()
    ]
    assert sorted(names) == sorted(set(names))


def test_top_level_is_exactly_this() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} == TOP_LEVEL


def test_files_are_small_and_end_with_one_newline() -> None:
    wrong = []
    for path in filter(Path.exists, tracked()):
        data = path.read_bytes()
        if len(data) > 1_600_000:
            wrong.append(f"{path}: {len(data)} bytes")
        if b"\0" not in data and data and (not data.endswith(b"\n") or data.endswith(b"\n\n")):
            wrong.append(f"{path}: must end with one newline")
        if b"\0" not in data and re.search(rb"[ \t\r]\n", data):
            wrong.append(f"{path}: blanks at the end of a line")
    assert not wrong, "\n".join(wrong)
