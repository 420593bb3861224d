"""Rows of positions: made for a whole chain or not at all, with the limits of their scope."""

import pytest
from holding_rig import FUTURE, NET, OPTION, PRODUCTS, SIDED, Book, content, hash_of
from risk_rig import USD

from tidegate.native import holding_probe, limit_rows
from tidegate.native.positions import create_pair
from tidegate.native.tables import CREDIT_MAX, NO_LIMIT
from tidegate.universe import Capacity

CHAIN = (5, 4, 3, 2, 1)
ROWS = {"pairs": 5, "products": 5, "sides": 5, "days": 1, "scans": 3}
COUNTS = {
    "pairs": "pair_count",
    "products": "group_count",
    "sides": "side_count",
    "days": "day_count",
    "scans": "scan_count",
}


def limits(book: Book, account: int, instrument: int = 0, product: int = 0, **values: int) -> None:
    index = limit_rows.limit_row_index(book.tables, account, instrument, product)
    for name, value in values.items():
        book.arrays["limits"][name][index] = value


def folded(book: Book, pair: int) -> dict[str, int]:
    holding_probe.fold(book.tables, pair)
    row = book.arrays["pairs"][pair]
    names = ("max_notional", "max_order_qty", "max_market_qty", "state", "side_lock")
    return {name: int(row[name]) for name in (*names, "is_permitted", "fold_version")}


def test_a_pair_comes_with_all_rows_of_its_chain_linked_upwards() -> None:
    book = Book()
    pair = book.pair(5, SIDED)
    for level in CHAIN:
        row = book.arrays["pairs"][pair]
        assert (row["account"], row["instrument"]) == (level, SIDED)
        assert book.arrays["products"]["account"][row["product"]] == level
        assert bool(row["sides"])
        assert bool(row["day"]) == (level == 3)
        has_money = level in (5, 4, 2)
        assert row["balance"] == (level * 3 + USD if has_money else 0)
        pair = int(row["parent"])
    assert pair == 0
    assert book.pair(5, SIDED) == create_pair(book.tables, 5, SIDED)


def test_accounts_of_one_group_share_the_rows_above_them() -> None:
    book = Book()
    book.pair(5, NET)
    before = int(book.arrays["risk"]["pair_count"][0])
    book.pair(6, NET)
    assert int(book.arrays["risk"]["pair_count"][0]) == before + 1
    assert book.arrays["pairs"]["parent"][book.pair(6, NET)] == book.pair(4, NET)


def test_the_pairs_of_an_instrument_are_one_list() -> None:
    book = Book()
    for handle in (5, 6, 7, 14):
        book.pair(handle, NET)
    found, pair = set(), int(book.arrays["instruments"]["first_pair"][NET])
    while pair:
        found.add(int(book.arrays["pairs"]["account"][pair]))
        pair = int(book.arrays["pairs"]["next"][pair])
    assert found == {5, 6, 7, 14, 4, 3, 2, 1, 12, 13}


@pytest.mark.parametrize("full", list(ROWS))
def test_where_one_table_is_full_no_row_is_made(full: str) -> None:
    of = FUTURE if full == "scans" else SIDED
    for room in range(ROWS[full]):
        capacity = Capacity(orders=8, pairs=64, cl_ord_ids=64)
        capacity = Capacity(
            **{name: getattr(capacity, name) for name in capacity.__struct_fields__} | {full: room}
        )
        book = Book(content(capacity=capacity))
        before = hash_of(book.tables)
        assert holding_probe.ensure(book.tables, 5, of) == 0
        assert hash_of(book.tables) == before
        with pytest.raises(ValueError, match="no room for the rows of account 5"):
            create_pair(book.tables, 5, of)


@pytest.mark.parametrize("kind", list(ROWS))
def test_exactly_the_rows_that_are_needed_are_taken(kind: str) -> None:
    of = FUTURE if kind == "scans" else SIDED
    capacity = Capacity(orders=8, pairs=64, cl_ord_ids=64)
    capacity = Capacity(
        **{name: getattr(capacity, name) for name in capacity.__struct_fields__}
        | {kind: ROWS[kind]}
    )
    book = Book(content(capacity=capacity))
    assert holding_probe.ensure(book.tables, 5, of)
    assert int(book.arrays["risk"][COUNTS[kind]][0]) == ROWS[kind]


def test_a_product_s_scan_is_shared_by_its_instruments() -> None:
    book = Book()
    first, second = book.pair(14, FUTURE), book.pair(14, OPTION)
    products = book.arrays["pairs"]["product"]
    assert products[first] == products[second]
    assert book.arrays["products"]["scan"][products[first]]
    assert int(book.arrays["risk"]["scan_count"][0]) == 1


def test_new_rows_have_the_limits_of_their_scope() -> None:
    book = Book()
    limits(book, 14, NET, max_long=7, max_gross=9)
    limits(book, 14, 0, PRODUCTS[NET] + 1, max_short=11, max_open_orders=3)
    pair = book.arrays["pairs"][book.pair(14, NET)]["all"]
    assert [int(pair[name]) for name in ("max_long", "max_short", "max_gross")] == [7, 10**6, 9]
    product = book.arrays["products"][book.arrays["pairs"]["product"][book.pair(14, NET)]]["all"]
    assert [int(product[name]) for name in ("max_long", "max_short", "max_open_orders")] == [
        CREDIT_MAX,
        11,
        3,
    ]
    above = book.arrays["pairs"][book.pair(13, NET)]["all"]
    assert int(above["max_long"]) == int(above["buy_credit"]) == CREDIT_MAX


def test_a_missing_position_limit_leaves_no_credit() -> None:
    book = Book()
    book.arrays["accounts"]["max_position"][14] = -1
    row = book.arrays["pairs"][book.pair(14, NET)]["all"]
    assert int(row["max_long"]) == int(row["buy_credit"]) == -1
    assert int(row["max_short"]) == int(row["sell_credit"]) == -1


def test_limits_of_more_than_a_credit_can_hold_are_no_limit() -> None:
    book = Book()
    limits(book, 14, NET, max_long=NO_LIMIT, max_open_orders=NO_LIMIT)
    row = book.arrays["pairs"][book.pair(14, NET)]["all"]
    assert int(row["max_long"]) == CREDIT_MAX
    assert int(row["order_credit"]) == 1 << 30


def test_the_least_limit_of_all_levels_and_scopes_is_folded() -> None:
    book = Book()
    pair = book.pair(5, NET)
    assert folded(book, pair)["max_notional"] == NO_LIMIT
    assert folded(book, pair)["max_order_qty"] == 100
    limits(book, 5, NET, max_notional=900, max_order_qty=50)
    limits(book, 3, 0, PRODUCTS[NET] + 1, max_notional=800, max_market_qty=7)
    limits(book, 1, 0, 0, max_notional=850, max_order_qty=40)
    limits(book, 6, NET, max_notional=1)
    limits(book, 5, FUTURE, max_notional=1)
    found = folded(book, pair)
    assert (found["max_notional"], found["max_order_qty"], found["max_market_qty"]) == (800, 40, 7)
    assert found["fold_version"] == int(book.arrays["risk"]["fold_version"][0])


@pytest.mark.parametrize("field", ["trading_state", "graded_state"])
@pytest.mark.parametrize(("state", "expected"), [(1, 2), (2, 6), (3, 10), (4, 18), (0, 3), (9, 3)])
@pytest.mark.parametrize("level", [1, 5])
def test_the_states_of_all_levels_are_folded_bit_0_for_one_that_is_unknown(
    level: int, state: int, expected: int, field: str
) -> None:
    book = Book()
    pair = book.pair(5, NET)
    book.arrays["accounts"][field][level] = state
    assert folded(book, pair)["state"] == expected


def test_locks_and_permissions_of_all_levels_are_folded() -> None:
    book = Book()
    pair = book.pair(5, NET)
    assert (folded(book, pair)["side_lock"], folded(book, pair)["is_permitted"]) == (0, 1)
    limits(book, 4, NET, side_lock=1)
    assert folded(book, pair)["side_lock"] == 1
    book.arrays["instruments"]["side_lock"][NET] = 2
    assert folded(book, pair)["side_lock"] == 3
    book.arrays["accounts"]["products"][2] = 0
    assert folded(book, pair)["is_permitted"] == 0


def test_an_instrument_s_state_is_folded() -> None:
    book = Book()
    book.arrays["instruments"]["trading_state"][NET] = 3
    assert folded(book, book.pair(5, NET))["state"] == 1 << 1 | 1 << 3


def test_limits_of_every_scope_are_found_again() -> None:
    book = Book()
    room = len(book.arrays["limits"]) - 1 - int(book.arrays["risk"]["limit_count"][0])
    scopes = [(a, i, p) for a in range(1, 15) for i in range(8) for p in range(6)]
    free = [scope for scope in scopes if not known(book, scope)]
    assert len(free) < room
    for scope in free:
        limits(book, *scope, max_gross=sum(scope))
    for scope in free:
        index = limit_rows.limit_row_index(book.tables, *scope)
        assert int(book.arrays["limits"]["max_gross"][index]) == sum(scope)


def known(book: Book, scope: tuple[int, int, int]) -> bool:
    rows = book.arrays["limits"]
    return bool(
        (
            (rows["account"] == scope[0])
            & (rows["instrument"] == scope[1])
            & (rows["product"] == scope[2])
        ).any()
    )


def test_limits_of_nobody_are_refused() -> None:
    book = Book()
    with pytest.raises(ValueError, match="no account 99"):
        limit_rows.limit_row_index(book.tables, 99, 0, 0)
    with pytest.raises(ValueError, match="no instrument 99"):
        limit_rows.limit_row_index(book.tables, 1, 99, 0)


def test_a_full_limits_table_says_so() -> None:
    book = Book()
    book.arrays["risk"]["limit_count"] = len(book.arrays["limits"]) - 1
    with pytest.raises(ValueError, match="limits table is full"):
        limits(book, 1, NET, max_gross=1)
