"""Self-match, 41 and 42: what an order would trade with of its own side. RISK.md 5.4."""

from tidegate.native.records import NO_PRICE, OrdType, Reason, Scope, SelfMatch
from twin.checks import Asked
from twin.margin import asked_price
from twin.state import Order

BEYOND = 1 << 63


def crossed(a: Asked, accounts: set[int]) -> list[Order]:
    """Working orders of the other side that the order would match, the youngest first."""
    found = []
    for order in reversed(a.s.open.values()):
        if order.account not in accounts or order.instrument != a.instrument:
            continue
        if order.is_buy == a.is_buy or order is a.replaced:
            continue
        is_market = OrdType.MARKET in (a.o["ord_type"], order.ord_type)
        price = aggressive(order)
        meets = price >= a.o["price"] if order.is_buy else price <= a.o["price"]
        if is_market or meets:
            found.append(order)
    return found


def rivals(a: Asked) -> list[tuple[Reason, int, list[Order]]]:
    """Own and group: reason, policy, crossed orders."""
    group = a.own.group
    everyone = {h for h, t in a.s.traders.items() if group and t.group == group}
    policy = a.s.traders[group].row.self_match_group if group else SelfMatch.SELF_MATCH_ALLOW
    return [
        (Reason.SELF_MATCH_OWN, a.own.row.self_match_own, crossed(a, {a.own.row.handle})),
        (Reason.SELF_MATCH_GROUP, policy, crossed(a, everyone)),
    ]


def aggressive(order: Order) -> int:
    """The price at which a working order counts; MARKET meets everybody."""
    if order.ord_type == OrdType.MARKET:
        return BEYOND if order.is_buy else -BEYOND
    prices = [order.price] + ([order.replace[1]] if order.replace else [])
    return max(prices) if order.is_buy else min(prices)


def denies(policy: int) -> bool:
    """A policy that is not known denies."""
    return policy not in (SelfMatch.SELF_MATCH_ALLOW, SelfMatch.CANCEL_RESTING)


def check_self_match(a: Asked) -> None:
    """41, 42."""
    asked = asked_price(a.s, a.o, a.is_buy)
    for reason, policy, orders in rivals(a):
        if orders and denies(policy):
            level = a.own.row.level if reason == Reason.SELF_MATCH_OWN else 3
            prices = [aggressive(order) for order in orders]
            price = min(prices) if a.is_buy else max(prices)
            price = NO_PRICE if abs(price) == BEYOND else price
            a.fail(reason, price, 0, asked, level, Scope.SCOPE_INSTRUMENT)
