"""What every row must hold, from orders, positions and rates alone: RISK.md 1 and 4, slowly."""

import itertools
from typing import Any

from holding_rig import OPEN, PRODUCTS, Book, Held

SIDE_NAMES = ("long_today", "long_yesterday", "short_today", "short_yesterday")
COST_NAMES = ("long_today_cost", "short_today_cost")
SPAN_ROWS = ("intra_longs", "intra_shorts", "delivery", "short_options")


def up(value: int, by: int) -> int:
    return -(-value // by)


class Expected:
    """Recomputed rows of a book."""

    def __init__(self, book: Book) -> None:
        self.book = book
        rows = book.arrays["instruments"]
        self.rates = [{name: row[name].tolist() for name in rows.dtype.names or ()} for row in rows]
        self.below: dict[int, list[int]] = {}
        self.orders: dict[tuple[int, int], list[Held]] = {}
        self.sides: dict[tuple[int, int], dict[str, int]] = {}
        for row in book.universe.accounts:
            for level in book.chain(row.handle):
                self.below.setdefault(level, []).append(row.handle)
        for level, of in itertools.product(self.below, PRODUCTS):
            self.orders[level, of] = [
                order
                for order in book.orders
                if order.account in self.below[level] and order.instrument == of
            ]
            self.sides[level, of] = dict.fromkeys((*SIDE_NAMES, *COST_NAMES), 0)
            for handle in self.below[level]:
                for name, value in book.sides.get((handle, of), {}).items():
                    self.sides[level, of][name] += value

    def net(self, level: int, of: int) -> int:
        if self.rates[of]["has_sides"]:
            lots = self.sides[level, of]
            return (
                lots["long_today"]
                + lots["long_yesterday"]
                - lots["short_today"]
                - lots["short_yesterday"]
            )
        return sum(self.book.net.get((handle, of), 0) for handle in self.below[level])

    def working(self, level: int, of: int) -> tuple[int, int]:
        """Lots of working buys and sells that may enlarge a side."""
        has_sides = self.rates[of]["has_sides"]
        orders = [o for o in self.orders[level, of] if not has_sides or o.effect == OPEN]
        return (
            sum(order.lots for order in orders if order.is_buy),
            sum(order.lots for order in orders if not order.is_buy),
        )

    def worst(self, level: int, of: int) -> tuple[int, int]:
        buys, sells = self.working(level, of)
        if not self.rates[of]["has_sides"]:
            net = self.net(level, of)
            return net + buys, sells - net
        lots = self.sides[level, of]
        return (
            lots["long_today"] + lots["long_yesterday"] + buys,
            lots["short_today"] + lots["short_yesterday"] + sells,
        )

    def gross(self, level: int, of: int) -> int:
        longs, shorts = self.worst(level, of)
        return longs + shorts if self.rates[of]["has_sides"] else max(abs(longs), abs(shorts))

    def frozen(self, level: int, of: int, is_buy: bool) -> tuple[int, int]:
        """Lots of today and of yesterday that working closes have frozen."""
        closing = [o for o in self.orders[level, of] if o.effect != OPEN and o.is_buy == is_buy]
        today = sum(order.today for order in closing)
        return today, sum(order.lots for order in closing) - today

    def owner(self, level: int) -> str:
        return "exchange" if self.book.arrays["accounts"]["is_shared"][level] else "margin"

    def side_margin(self, level: int, of: int, side: str) -> int:
        row, lots, owner = self.rates[of], self.sides[level, of], self.owner(level)
        rate = int(row[f"{owner}_{side}"])
        rate_today = int(row[f"{owner}_{side}_today"])
        working = self.working(level, of)[side == "short"]
        today = rate_today * lots[f"{side}_today"]
        if row["price_basis"] == 4:
            floor = int(row["notional_floor"]) * lots[f"{side}_today"]
            cost = max(abs(lots[f"{side}_today_cost"]), floor)
            today = up(cost * int(row[f"{owner}_{side}_ppm"]), 10**6)
            today += int(row[f"{owner}_{side}_lot"]) * lots[f"{side}_today"]
        return rate * lots[f"{side}_yesterday"] + today + rate_today * working

    def pair_margin(self, level: int, of: int) -> int:
        """Held at the pair; 0 where the product row holds it."""
        row, owner = self.rates[of], self.owner(level)
        if row["margin_model"] == 3 or row["is_max_side"]:
            return 0
        if row["margin_model"] == 2:
            return self.side_margin(level, of, "long") + self.side_margin(level, of, "short")
        longs, shorts = self.worst(level, of)
        return max(
            int(row[f"{owner}_long"]) * max(0, longs), int(row[f"{owner}_short"]) * max(0, shorts)
        )

    def worst_scan(self, level: int, product: int, k: int) -> int:
        """MARGIN.md 3, as written there."""
        total = 0
        for of in instruments_of(product):
            r, net = int(self.rates[of]["scan"][k]), self.net(level, of)
            buys, sells = self.working(level, of)
            total += r * net + max(0, r * buys, -r * sells)
        return total

    def bounds(self, level: int, product: int) -> dict[str, int]:
        total = dict.fromkeys(SPAN_ROWS, 0)
        for of in instruments_of(product):
            row = self.rates[of]
            delta = int(row["scan_delta"])
            longs, shorts = (max(0, size) for size in self.worst(level, of))
            intra = up(int(row["intra_rate"]) * abs(delta), 10_000)
            delivery = up(int(row["delivery_rate"]) * abs(delta), 10_000)
            first, second = (longs, shorts) if delta >= 0 else (shorts, longs)
            total["intra_longs"] += intra * first
            total["intra_shorts"] += intra * second
            total["delivery"] += delivery * max(longs, shorts)
            if row["is_option"]:
                total["short_options"] += int(row["short_option_rate"]) * shorts
        return total

    def product_margin(self, level: int, product: int) -> int:
        row = self.rates[instruments_of(product)[0]]
        if row["margin_model"] == 3:
            bound = self.bounds(level, product)
            scan = max(0, *(self.worst_scan(level, product, k) for k in range(16)))
            total = scan + min(bound["intra_longs"], bound["intra_shorts"]) + bound["delivery"]
            return int(row["scan_unit"]) * max(total, bound["short_options"])
        if not row["is_max_side"]:
            return 0
        return max(
            sum(self.side_margin(level, of, side) for of in instruments_of(product))
            for side in ("long", "short")
        )

    def has_money(self, level: int) -> bool:
        row = self.book.arrays["accounts"][level]
        return bool((row["level"] >= 4 or row["is_shared"]) and not row["is_pool"])

    def own_balance(self, level: int, currency: int) -> dict[str, int]:
        """Of what stands on its own pairs."""
        total = dict.fromkeys(("margin", "fee_held", "premium_held", "notional"), 0)
        if not self.has_money(level):
            return total
        mine = [of for of in PRODUCTS if self.rates[of]["currency"] == currency]
        for of in mine:
            total["margin"] += self.pair_margin(level, of)
            total["fee_held"] += sum(order.fee for order in self.orders[level, of])
            total["premium_held"] += sum(order.premium for order in self.orders[level, of])
            total["notional"] += self.gross(level, of) * int(self.rates[of]["lot_notional"])
        for product in {PRODUCTS[of] for of in mine}:
            total["margin"] += self.product_margin(level, product)
        return total

    def balance(self, level: int, currency: int) -> dict[str, int]:
        """With those of the members that draw on it."""
        members = [row.handle for row in self.book.universe.accounts if row.pool == level]
        rows = [self.own_balance(handle, currency) for handle in (level, *members)]
        return {name: sum(row[name] for row in rows) for name in rows[0]}


def instruments_of(product: int) -> list[int]:
    return [of for of, index in PRODUCTS.items() if index == product]


def credit_errors(row: Any, longs: int, shorts: int, gross: int, orders: int) -> list[str]:
    expected = {
        "buy_credit": int(row["max_long"]) - longs,
        "sell_credit": int(row["max_short"]) - shorts,
        "gross_credit": int(row["max_gross"]) - gross,
        "order_credit": int(row["max_open_orders"]) - orders,
    }
    return [
        f"{name} {int(row[name])}, expected {value}"
        for name, value in expected.items()
        if int(row[name]) != value
    ]


def errors(book: Book) -> list[str]:
    """What stands in the tables and is not what orders, positions and rates make of it."""
    expected, found = Expected(book), []
    totals: dict[tuple[int, int | None], list[int]] = {}
    for row in book.arrays["pairs"][1 : int(book.arrays["risk"]["pair_count"][0]) + 1]:
        level, of = int(row["account"]), int(row["instrument"])
        sizes = [*expected.worst(level, of), expected.gross(level, of)]
        sizes.append(sum(order.lots > 0 for order in expected.orders[level, of]))
        for key in ((level, PRODUCTS[of]), (level, None)):
            totals[key] = [a + b for a, b in zip(totals.get(key, [0] * 4), sizes, strict=True)]
        where = f"pair {level}, {of}: "
        found += [where + text for text in credit_errors(row["all"], *sizes)]
        margin = expected.pair_margin(level, of) if expected.has_money(level) else 0
        wanted = {"net": expected.net(level, of), "margin": margin}
        if row["sides"]:
            sides = book.arrays["sides"][row["sides"]]
            wanted |= expected.sides[level, of]
            for side, is_buy in (("long", False), ("short", True)):
                today, yesterday = expected.frozen(level, of, is_buy)
                wanted[f"frozen_{side}_today"] = today
                wanted[f"frozen_{side}_yesterday"] = yesterday
        for name, value in wanted.items():
            have = int(row[name] if name in ("net", "margin") else sides[name])
            if have != value:
                found.append(f"{where}{name} {have}, expected {value}")
    return found + product_errors(book, expected, totals) + account_errors(book, expected, totals)


def product_errors(book: Book, expected: Expected, totals: Any) -> list[str]:
    found = []
    for row in book.arrays["products"][1 : int(book.arrays["risk"]["group_count"][0]) + 1]:
        level, product = int(row["account"]), int(row["product"])
        where = f"product {level}, {product}: "
        found += [where + text for text in credit_errors(row["all"], *totals[level, product])]
        if not expected.has_money(level):
            continue
        margin = expected.product_margin(level, product)
        if int(row["margin"]) != margin:
            found.append(f"{where}margin {row['margin']}, expected {margin}")
        if row["scan"]:
            scan = book.arrays["scans"][row["scan"]]
            bound = expected.bounds(level, product)
            found += [f"{where}{name}" for name in SPAN_ROWS if int(scan[name]) != bound[name]]
            worst = [expected.worst_scan(level, product, k) for k in range(16)]
            found += [] if scan["worst"].tolist() == worst else [f"{where}worst"]
    return found


def account_errors(book: Book, expected: Expected, totals: Any) -> list[str]:
    found = []
    for account in book.universe.accounts:
        level = account.handle
        row = book.arrays["accounts"][level]
        sizes = totals.get((level, None), [0] * 4)
        found += [f"account {level}: {text}" for text in credit_errors(row["all"], *sizes)]
        total = 0
        for currency in (1, 2):
            balance = book.arrays["balances"][level * 3 + currency]
            total += int(balance["converted"])
            for name, value in expected.balance(level, currency).items():
                if int(balance[name]) != value:
                    found.append(
                        f"balance {level}, {currency}: {name} {balance[name]}, expected {value}"
                    )
            if row["is_converted"] and int(balance["converted"]) != converted(
                book, balance, currency
            ):
                found.append(f"balance {level}, {currency}: converted {balance['converted']}")
        if row["is_converted"] and int(row["converted_free"]) != total:
            found.append(f"account {level}: converted_free {row['converted_free']}")
    return found


def available(balance: Any) -> int:
    own = sum(int(balance[name]) for name in ("cash", "credit_line", "unrealised"))
    names = ("margin", "fee_held", "premium_held", "cash_held")
    return own - sum(int(balance[name]) for name in names)


def converted(book: Book, balance: Any, currency: int) -> int:
    """RISK.md 4.2: assets rounded down, liabilities up in size."""
    rates, amount = book.arrays["currencies"][currency], available(balance)
    if amount >= 0:
        return amount * int(rates["asset_rate"]) // 10**9
    return -up(-amount * int(rates["liability_rate"]), 10**9)
