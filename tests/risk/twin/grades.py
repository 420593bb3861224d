"""Graded actions at each TICK: alert, slow, reduce, halt. RISK.md 5.5."""

from tidegate.native.records import Grade, Reason, Scope, TradingState
from twin.balances import Balance
from twin.margin import working, worst_of
from twin.reports import alert
from twin.state import State, Trader, Verdict

BEYOND = (1 << 63) - 1
REASONS = (Reason.MARGIN, Reason.LOSS_LIMIT, Reason.POSITION_LIMIT)
# Per mille, the divisor, what is used of it.
Measure = tuple[int, int, int]
NOTHING: Measure = (0, 0, 0)


def measure(used: int, most: int) -> Measure:
    """used in per mille of most; beyond any threshold when there is nothing to use."""
    if used <= 0:
        return NOTHING
    return (used * 1000 // most if most > 0 else BEYOND), most, used


def larger(first: Measure, second: Measure) -> Measure:
    """The first of the largest."""
    return second if second[0] > first[0] else first


def measured(s: State, t: Trader) -> tuple[Measure, Measure, Measure]:
    """Margin and loss where they are largest, and the worst size of all instruments."""
    lots = working(s)
    margin = loss = position = NOTHING
    for currency in s.currencies:
        balance = Balance(s, t.row.handle, currency, lots)
        if balance.is_checked:
            margin = larger(margin, measure(balance.held, balance.equity))
        if (most := t.max_loss.get(currency)) is not None:
            loss = larger(loss, measure(-balance.profit, most))
    size = worst_of(s, lots, t.row.handle, list(s.contracts))
    stated = t.limits.get((0, 0), {})
    for name in ("long", "short"):
        if (most := stated.get(f"max_{name}")) is not None:
            position = larger(position, measure(getattr(size, name), most))
    return margin, loss, position


def grade_of(value: int, thresholds: tuple[int, int, int, int]) -> int:
    """The highest whose threshold is reached; 0 = none."""
    reached = [g + 1 for g, least in enumerate(thresholds) if least and value >= least]
    return max(reached, default=0)


def run(s: State, verdict: Verdict) -> None:
    for t in s.traders.values():
        thresholds = t.row.margin_grades, t.row.loss_grades, t.row.position_grades
        is_halted = False
        for index, value in enumerate(measured(s, t)):
            grade = grade_of(value[0], thresholds[index])
            if grade != t.grades[index]:
                is_halted |= grade == Grade.GRADE_HALT
                numbers = value[1], value[2], value[0], t.row.level, int(Scope.SCOPE_ALL)
                alert(s, verdict, t.row.handle, 0, REASONS[index], numbers, grade)
                t.grades[index] = grade
        t.is_slowed = max(t.grades) >= Grade.GRADE_SLOW
        if is_halted:
            t.graded = TradingState.HALTED
        elif t.graded != TradingState.HALTED:
            t.graded = regraded(t)


def regraded(t: Trader) -> int:
    """The graded state while nothing has halted it."""
    is_reducing = max(t.grades) >= Grade.GRADE_REDUCE
    return int(TradingState.REDUCING if is_reducing else TradingState.ACTIVE)
