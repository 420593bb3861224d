"""An operator that turns every handle there is: limits, states, kills, cash, margins, days.

Each request is to be answered once. Kills and halts are undone soon, or nothing would trade.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

from tidegate.client.controls import Control, Request, control, packed
from tidegate.client.core import SessionCore
from tidegate.codec import DENIAL, MARGIN, RATE, offset_of
from tidegate.native.records import (
    NO_PRICE,
    CashPhase,
    Kind,
    Level,
    LimitKind,
    TradingState,
)
from tidegate.run_dir import RunDir
from tidegate.simulation.client_link import ClientLink
from tidegate.simulation.decisions import Decisions
from tidegate.simulation.margin_file import new_arrays
from tidegate.simulation.world import DAY, MID
from tidegate.universe import Session, Universe

PAUSE_NS = 60_000_000
REQUESTS_MAX = 4000
_KIND = offset_of("kind")
_D = DENIAL.index
ANSWERS = (int(Kind.CONTROL_ANSWER), int(Kind.DENIED), int(Kind.SESSION_REJECT))
MONEY = 10_000
UNMOVED = (CashPhase.CASH_PENDING, CashPhase.CASH_VOID)
# Of each kind of limit, amounts that bind now and then, in its own unit.
AMOUNTS = {
    LimitKind.LIMIT_MAX_ORDER_QTY: (5, 20),
    LimitKind.LIMIT_MAX_MARKET_QTY: (1, 10),
    LimitKind.LIMIT_MAX_NOTIONAL: (50_000 * MONEY, 900_000 * MONEY),
    LimitKind.LIMIT_MAX_LONG: (5, 200),
    LimitKind.LIMIT_MAX_SHORT: (5, 200),
    LimitKind.LIMIT_MAX_GROSS: (10, 300),
    LimitKind.LIMIT_MAX_OPEN_ORDERS: (5, 90),
}


class Asked(NamedTuple):
    """A request, its number, and that of its last record in the session."""

    last: int
    number: int
    request: Request

    @property
    def values(self) -> Mapping[str, Any]:
        """What is answered."""
        return self.request.controls[-1].values


class Operator:
    """The session "operator"; `answered` counts answers by request number."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        session: Session,
        link: ClientLink,
        draw: Random,
    ) -> None:
        self.name = f"client:{session.name}"
        self.link = link
        self.core = SessionCore(session.name)
        self.asked: list[int] = []
        self.answered: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.reasons: Counter[int] = Counter()
        self.alerts = 0
        # What was deposited less what was withdrawn, by (account, currency), as was answered.
        self.deposits: Counter[tuple[int, int]] = Counter()
        self._open: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        self._log: list[Asked] = []
        self._logged_before = 0
        self.decisions = Decisions(universe, draw)
        # Risk's tables, where they can be looked at.
        self.look: Callable[[], Mapping[str, Any] | None] = lambda: None
        self.may_roll: Callable[[], bool] = lambda: False
        # Days that were asked to end.
        self.rolls = 0
        self.losses = 0
        self._universe = universe
        self._run_dir = run_dir
        self._draw = draw
        self._next_id = 1
        self._act_ns = 0
        self._day = DAY
        self._epoch = 0
        self._pending_cash: list[tuple[int, dict[str, Any]]] = []
        self._undo: list[dict[str, Any] | Request] = []
        self._actions: tuple[Callable[[], dict[str, Any] | Request], ...] = (
            *[self._limit] * 6,
            *[self._state] * 3,
            *[self._kill] * 3,
            *[self._cash] * 4,
            *[self._transfer] * 2,
            *[self._settlement] * 3,
            self._re_enable,
            self._reset,
            *[self._lock] * 3,
            self._rate,
            *[self._margins] * 2,
            self._nonsense,
        )

    def work(self, now_ns: int, *, is_trading: bool = True) -> int:
        """Take answers, then perhaps ask for something."""
        core = self.core
        if not core.is_wanted:
            core.logon(now_ns)
        self.link.exchange(core, now_ns)
        count = len(core.delivered)
        while core.delivered:
            self._take(core.delivered.popleft()[0])
        self.losses = core.losses
        if not core.is_logged_on or now_ns < self._act_ns:
            return count
        self._act_ns = now_ns + int(self._draw.random() * PAUSE_NS)
        decision = self._decision()
        if decision is not None:
            count += self._ask(decision, now_ns)
        elif self._undo and (not is_trading or self._draw.random() < 0.5):
            count += self._ask(self._undo.pop(0), now_ns)
        elif is_trading and len(self.asked) < REQUESTS_MAX:
            if self._draw.random() < 0.2 and self.rolled() == self.rolls and self.may_roll():
                self.rolls += 1
                for request in self._roll():
                    count += self._ask(request, now_ns)
            else:
                count += self._ask(self._draw.choice(self._actions)(), now_ns)
        return count

    def _decision(self) -> dict[str, Any] | None:
        """About a difference with a venue; now and then one is left for later."""
        tables = self.look()
        if tables is None or not tables["risk"]["break_count"][0] or self._draw.random() < 0.8:
            return None
        return self.decisions.next(tables)

    def rolled(self) -> int:
        """How many days have ended, as far as was answered."""
        unanswered = (values for asked in self._open.values() for values in asked)
        return self.rolls - sum(1 for values in unanswered if values["kind"] == Kind.DAY_ROLL)

    def waits(self) -> bool:
        """Some request is not answered yet, or something is to be undone."""
        return bool(self._undo) or len(self.answered) < len(set(self.asked))

    def forget(self) -> None:
        """Another process takes over: it has what was asked for, and no answer."""
        self.answered.clear()
        self.deposits.clear()
        self.decisions.forget()
        self._open.clear()
        for asked in self._log:
            self._open[asked.number].append(asked.values)
        self._logged_before = len(self._log)

    def never_sent(self, first: int, _sent: object, _again: object) -> None:
        """The gateway has taken nothing from number `first` on: it is asked for again."""
        before, since = self._log[: self._logged_before], self._log[self._logged_before :]
        lost = [asked for asked in before if asked.last >= first]
        self._log = [asked for asked in before if asked.last < first] + since
        for asked in lost:
            self.asked.remove(asked.number)
            self._open[asked.number].remove(asked.values)
        again = [Request(asked.request.controls, asked.request.why, asked.number) for asked in lost]
        self._undo[:0] = again

    def _take(self, record: bytes) -> None:
        kind = record[_KIND]
        if kind == Kind.ALERT:
            self.alerts += 1
        values = DENIAL.unpack(record)
        self.reasons[values[_D["reason"]]] += 1
        if kind in ANSWERS:
            number = values[_D["cl_ord_id"]]
            self.answered[number] += 1
            if self._open[number]:
                asked = self._open[number].pop(0)
                if not values[_D["reason"]]:
                    self._note_done(asked)

    def _note_done(self, asked: Mapping[str, Any]) -> None:
        """Money that has moved, by what was asked for and done."""
        if asked["kind"] == Kind.ADJUSTMENT:
            self.decisions.note_done(asked)
        phase = asked.get("cash_phase", 0)
        if asked["kind"] not in (Kind.CASH, Kind.TRANSFER) or phase in UNMOVED:
            return
        currency, amount = asked["currency"], asked["amount"]
        if asked["kind"] == Kind.TRANSFER:
            self.deposits[asked["to_account"], currency] += amount
            amount = -amount
        self.deposits[asked["account"], currency] += amount

    def _ask(self, what: dict[str, Any] | Request, now_ns: int) -> int:
        request = what if isinstance(what, Request) else Request([control(what)], "simulated")
        number = request.request_id or self._next_id
        self._next_id += 1
        records = packed(request, number)
        asked = Asked(self.core.next_sending + len(records) - 1, number, request)
        self._log.append(asked)
        self.asked.append(number)
        self._open[number].append(asked.values)
        self.kinds[Kind(request.controls[-1].values["kind"]).name] += 1
        self.core.send(records, now_ns)
        self.link.flush(self.core)
        return len(records)

    def _account(self, *levels: Level) -> int:
        wanted = levels or (Level.SUB_ACCOUNT, Level.STRATEGY)
        rows = [row.handle for row in self._universe.accounts if row.level in wanted]
        return self._draw.choice(rows)

    def _instrument(self) -> int:
        return self._draw.choice(self._universe.instruments).handle

    def _limit(self) -> dict[str, Any]:
        draw = self._draw
        kind = draw.choice(list(AMOUNTS))
        least, most = AMOUNTS[kind]
        amount = draw.randint(least, most)
        scope = draw.choice(({}, {"instrument": self._instrument()}, {"product": 1}))
        return {
            "kind": Kind.LIMIT_CHANGE,
            "limit_kind": kind,
            "account": self._account(Level.MASTER, Level.SUB_ACCOUNT, Level.STRATEGY),
            "amount": -1 if draw.random() < 0.4 else amount,
            **scope,
        }

    def _scope(self) -> dict[str, int]:
        draw = self._draw
        return draw.choice(
            (
                {"account": self._account(*Level)},
                {"account": self._account()},
                {"instrument": self._instrument()},
                {"product": draw.randint(1, 3)},
                {"venue": draw.randint(1, 2)},
            )
        )

    def _state(self) -> dict[str, Any]:
        scope = self._scope()
        known = {"kind": Kind.TRADING_STATE, **scope}
        self._undo.append({**known, "trading_state": TradingState.ACTIVE})
        states = (TradingState.REDUCING, TradingState.REDUCING, TradingState.HALTED)
        return {**known, "trading_state": self._draw.choice(states)}

    def _kill(self) -> dict[str, Any]:
        scope = self._scope()
        if self._draw.random() < 0.2:
            scope = {"session": self._draw.randint(1, 3)}
        active = {"kind": Kind.TRADING_STATE, "trading_state": TradingState.ACTIVE}
        self._undo.append(active | scope)
        return {"kind": Kind.KILL, **scope}

    def _cash(self) -> dict[str, Any]:
        draw = self._draw
        if self._pending_cash and draw.random() < 0.5:
            number, values = self._pending_cash.pop(0)
            phase = draw.choice((CashPhase.CASH_POST, CashPhase.CASH_VOID))
            return Request(  # type: ignore[return-value]
                [control({**values, "cash_phase": phase})], "simulated", number
            )
        account = self._account()
        values = {
            "kind": Kind.CASH,
            "account": account,
            "currency": draw.randint(1, 2),
            "amount": draw.randint(-30_000, 20_000) * MONEY,
        }
        if values["amount"] < 0 and draw.random() < 0.3:
            values["cash_phase"] = CashPhase.CASH_PENDING
            self._pending_cash.append((self._next_id, values))
        return values

    def _transfer(self) -> dict[str, Any]:
        draw = self._draw
        return {
            "kind": Kind.TRANSFER,
            "account": self._account(),
            "to_account": self._account(),
            "currency": draw.randint(1, 2),
            "amount": draw.randint(1, 20_000) * MONEY,
        }

    def _settlement(self) -> dict[str, Any]:
        price = MID + self._draw.randint(-25, 25)
        return {"kind": Kind.SETTLEMENT, "instrument": self._instrument(), "price": price}

    def _re_enable(self) -> dict[str, Any]:
        return {"kind": Kind.RE_ENABLE, "account": self._account(*Level)}

    def _reset(self) -> dict[str, Any]:
        product = self._draw.randint(1, 3)
        return {"kind": Kind.PROTECTION_RESET, "account": self._account(), "product": product}

    def _lock(self) -> dict[str, Any]:
        scope = {"account": self._account()}
        if self._draw.random() < 0.3:
            scope["instrument"] = self._instrument()
        self._undo.append({"kind": Kind.SIDE_LOCK, "side_lock": 0, **scope})
        return {"kind": Kind.SIDE_LOCK, "side_lock": self._draw.randint(1, 3), **scope}

    def _rate(self) -> Request:
        bid = 140_000_000 + self._draw.randint(-9_000_000, 9_000_000)
        values = {
            "kind": Kind.CURRENCY_RATE,
            "price": NO_PRICE,
            "bid_rate": bid,
            "ask_rate": bid + 1_000_000,
            "haircut_ppm": self._draw.choice((0, 20_000)),
            "currency": 2,
        }
        return Request([Control(RATE, values)], "simulated")

    def _margins(self) -> Request:
        """New margin rates of an instrument or two, or SPAN's arrays, in one cut."""
        draw = self._draw
        self._epoch += 1
        if draw.random() < 0.5:
            scale = draw.randint(60, 140)
            arrays = new_arrays(self._universe, self._run_dir, epoch=self._epoch, scale=scale)
            return self._cut(list(arrays))
        handles = sorted(draw.sample(range(1, 5), draw.randint(1, 2)))
        staged = [
            Control(
                MARGIN,
                {
                    "kind": Kind.MARGIN_RATES,
                    "price": NO_PRICE,
                    "instrument": handle,
                    "margin_long_lot": draw.randint(0, 9) * MONEY,
                    "margin_short_lot": draw.randint(0, 9) * MONEY,
                    "margin_long_ppm": draw.randint(10_000, 150_000),
                    "margin_short_ppm": draw.randint(10_000, 150_000),
                    "epoch": self._epoch,
                },
            )
            for handle in handles
        ]
        return self._cut(staged)

    def _cut(self, staged: list[Control]) -> Request:
        commit = {"kind": Kind.MARGIN_COMMIT, "order_qty": self._epoch, "amount": len(staged)}
        return Request([*staged, control(commit)], "simulated")

    def _nonsense(self) -> dict[str, Any]:
        """What risk is to refuse whole."""
        kinds = (Kind.SETTLEMENT, Kind.CASH, Kind.KILL, Kind.LIMIT_CHANGE, Kind.DAY_ROLL)
        return {"kind": self._draw.choice(kinds), "account": 999, "instrument": 77, "amount": 1}

    def _roll(self) -> list[dict[str, Any] | Request]:
        """The end of a day: every instrument settled, then the roll."""
        settled: list[dict[str, Any] | Request] = [
            {
                "kind": Kind.SETTLEMENT,
                "instrument": row.handle,
                "price": MID + self._draw.randint(-9, 9),
            }
            for row in self._universe.instruments
        ]
        amount = int(f"{self._day:%Y%m%d}")
        self._day = next_day(self._day)
        return [*settled, {"kind": Kind.DAY_ROLL, "amount": amount}]


def next_day(day: date) -> date:
    """The calendar's next date."""
    return day + timedelta(days=1)
