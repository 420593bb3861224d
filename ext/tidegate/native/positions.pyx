"""Rows of (account, instrument) and (account, product): found, made, folded.

Risk alone writes them. They are made when the first well-formed order of an account in an
instrument arrives, for all levels above it too, and are never removed. Their indexes are twice
as large as the tables, so every probe ends.
"""
from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memset

from tidegate.native.limit_rows cimport find_limit
from tidegate.native.records cimport (
    ACTIVE, KILLED, MARGIN_SPAN, OWNER_GROUP, SELF_MATCH_ALLOW,
)
from tidegate.native.tables cimport (
    TG_CREDIT_MAX, TG_NO_LIMIT, Tables, account_row, balance_row, credits, instrument_row,
    limit_row, pair_row, product_row, tables,
)

cdef uint32_t find_pair(const tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    """The pair's row, or 0."""
    cdef uint32_t slot = hash_of(account, instrument) & t.pair_mask
    cdef uint32_t pair = t.pair_index[slot]
    while pair:
        if t.pairs[pair].account == account and t.pairs[pair].instrument == instrument:
            return pair
        slot = (slot + 1) & t.pair_mask
        pair = t.pair_index[slot]
    return 0


cdef uint32_t find_product(const tables* t, uint32_t account, uint32_t product) noexcept nogil:
    """The row of an account in a product (product_index), or 0."""
    cdef uint32_t slot = hash_of(account, product) & t.product_mask
    cdef uint32_t row = t.product_index[slot]
    while row:
        if t.products[row].account == account and t.products[row].product == product:
            return row
        slot = (slot + 1) & t.product_mask
        row = t.product_index[slot]
    return 0


cdef inline int64_t stated(int64_t value, int64_t otherwise) noexcept nogil:
    """A maximum of a limit row as a credit's: within TG_CREDIT_MAX, -1 = not stated."""
    value = otherwise if value < 0 else value
    return value if value < TG_CREDIT_MAX else <int64_t>TG_CREDIT_MAX


cdef void open_credits(
    credits* out, const limit_row* limit, int64_t max_position
) noexcept nogil:
    """Nothing in use. A max_position of -1 stays so: whatever is asked is more."""
    cdef int64_t orders = -1 if limit == NULL else limit.max_open_orders
    out.max_long = stated(-1 if limit == NULL else limit.max_long, max_position)
    out.max_short = stated(-1 if limit == NULL else limit.max_short, max_position)
    out.max_gross = stated(-1 if limit == NULL else limit.max_gross, TG_CREDIT_MAX)
    out.max_open_orders = orders if 0 <= orders < ORDERS_MAX else <int64_t>ORDERS_MAX
    out.buy_credit = out.max_long
    out.sell_credit = out.max_short
    out.gross_credit = out.max_gross
    out.order_credit = out.max_open_orders


cdef inline uint32_t balance_of(
    const tables* t, uint32_t account, uint32_t instrument
) noexcept nogil:
    """Where the level's margin in the instrument stands; 0 = it has no money for it."""
    if not has_money(&t.accounts[account]):
        return 0
    return account * t.currency_capacity + t.instruments[instrument].currency


cdef inline bint needs_scan(const tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    return t.instruments[instrument].margin_model == MARGIN_SPAN and has_money(&t.accounts[account])


cdef bint has_room(const tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    """All rows that the chain lacks in this instrument can be made."""
    cdef const account_row* owner = &t.accounts[account]
    cdef const instrument_row* traded = &t.instruments[instrument]
    cdef uint32_t pairs = 0, products = 0, scans = 0, days = 0
    cdef uint32_t row
    cdef int i
    for i in range(owner.chain_count):
        if find_pair(t, owner.chain[i], instrument) == 0:
            pairs += 1
            days += t.accounts[owner.chain[i]].level == OWNER_GROUP
        row = find_product(t, owner.chain[i], traded.product)
        products += row == 0
        if t.products[row].scan == 0:
            scans += needs_scan(t, owner.chain[i], instrument)
    return (
        t.risk.pair_count + pairs < t.pair_capacity
        and t.risk.group_count + products < t.product_capacity
        and t.risk.scan_count + scans < t.scan_capacity
        and t.risk.day_count + days < t.day_capacity
        and (not traded.has_sides or t.risk.side_count + pairs < t.side_capacity)
    )


cdef uint32_t make_product(tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    """The account's row of the instrument's product, with a scan where its margin needs one."""
    cdef uint32_t product = t.instruments[instrument].product
    cdef uint32_t index = find_product(t, account, product)
    cdef uint32_t slot
    cdef product_row* row
    if index == 0:
        t.risk.group_count += 1
        index = t.risk.group_count
        row = &t.products[index]
        row.account = account
        row.product = <uint16_t>product
        row.balance = balance_of(t, account, instrument)
        open_credits(&row.all, find_limit(t, account, 0, product + 1), TG_CREDIT_MAX)
        slot = hash_of(account, product) & t.product_mask
        while t.product_index[slot]:
            slot = (slot + 1) & t.product_mask
        t.product_index[slot] = index
    if t.products[index].scan == 0 and needs_scan(t, account, instrument):
        t.risk.scan_count += 1
        t.products[index].scan = t.risk.scan_count
    return index


cdef uint32_t make_pair(
    tables* t, uint32_t account, uint32_t instrument, uint32_t parent
) noexcept nogil:
    cdef uint32_t index = t.risk.pair_count + 1
    cdef pair_row* row = &t.pairs[index]
    cdef uint32_t slot
    t.risk.pair_count = index
    row.account = account
    row.instrument = instrument
    row.parent = parent
    row.product = make_product(t, account, instrument)
    row.balance = balance_of(t, account, instrument)
    row.next = t.instruments[instrument].first_pair
    t.instruments[instrument].first_pair = index
    open_credits(
        &row.all, find_limit(t, account, instrument, 0), t.accounts[account].max_position
    )
    if t.instruments[instrument].has_sides:
        t.risk.side_count += 1
        row.sides = t.risk.side_count
    if t.accounts[account].level == OWNER_GROUP:
        t.risk.day_count += 1
        row.day = t.risk.day_count
    slot = hash_of(account, instrument) & t.pair_mask
    while t.pair_index[slot]:
        slot = (slot + 1) & t.pair_mask
    t.pair_index[slot] = index
    return index


cdef bint ensure_rows(tables* t, uint32_t account, uint32_t instrument) noexcept nogil:
    cdef const account_row* owner = &t.accounts[account]
    cdef uint32_t parent = 0
    cdef uint32_t pair
    cdef int i
    # A pair is never there without those above it.
    if find_pair(t, account, instrument):
        return True
    if not has_room(t, account, instrument):
        return False
    for i in range(owner.chain_count - 1, -1, -1):
        pair = find_pair(t, owner.chain[i], instrument)
        parent = pair if pair else make_pair(t, owner.chain[i], instrument, parent)
    return True


cdef row_counts count_rows(const tables* t) noexcept nogil:
    return row_counts(
        t.risk.pair_count, t.risk.group_count, t.risk.scan_count, t.risk.side_count,
        t.risk.day_count
    )


cdef void drop_last_pair(tables* t) noexcept nogil:
    """The youngest pair: no list goes through it but at its head, no probe goes past it."""
    cdef uint32_t index = t.risk.pair_count
    cdef pair_row* row = &t.pairs[index]
    cdef uint32_t slot = hash_of(row.account, row.instrument) & t.pair_mask
    while t.pair_index[slot] != index:
        slot = (slot + 1) & t.pair_mask
    t.pair_index[slot] = 0
    t.instruments[row.instrument].first_pair = row.next
    memset(row, 0, sizeof(pair_row))
    t.risk.pair_count -= 1


cdef void drop_last_product(tables* t) noexcept nogil:
    cdef uint32_t index = t.risk.group_count
    cdef product_row* row = &t.products[index]
    cdef uint32_t slot = hash_of(row.account, row.product) & t.product_mask
    while t.product_index[slot] != index:
        slot = (slot + 1) & t.product_mask
    t.product_index[slot] = 0
    memset(row, 0, sizeof(product_row))
    t.risk.group_count -= 1


cdef void drop_rows(tables* t, uint32_t account, const row_counts* before) noexcept nogil:
    """Rows of sides, scans and days have nothing in them yet; a scan may be of an older product."""
    cdef const account_row* owner = &t.accounts[account]
    cdef uint32_t product = t.instruments[t.pairs[t.risk.pair_count].instrument].product
    cdef uint32_t row
    cdef int i
    for i in range(owner.chain_count):
        row = find_product(t, owner.chain[i], product)
        if t.products[row].scan > before.scans:
            t.products[row].scan = 0
    while t.risk.pair_count > before.pairs:
        drop_last_pair(t)
    while t.risk.group_count > before.products:
        drop_last_product(t)
    t.risk.scan_count = before.scans
    t.risk.side_count = before.sides
    t.risk.day_count = before.days


cdef inline uint8_t as_set(uint8_t state) noexcept nogil:
    """Bit s = in state s; bit 0 = in one that no one should have set."""
    return <uint8_t>(1 << state) if ACTIVE <= state <= KILLED else 1


cdef void fold_limit(pair_row* row, const limit_row* limit) noexcept nogil:
    if limit == NULL:
        return
    if 0 <= limit.max_order_qty < row.max_order_qty:
        row.max_order_qty = <int32_t>limit.max_order_qty
    if 0 <= limit.max_market_qty < row.max_market_qty:
        row.max_market_qty = <int32_t>limit.max_market_qty
    if 0 <= limit.max_notional < row.max_notional:
        row.max_notional = limit.max_notional
    row.side_lock |= <uint8_t>limit.side_lock


cdef inline uint32_t watched_of(const instrument_row* traded) noexcept nogil:
    """WATCH_STEPS and WATCH_DAY: what the instrument states."""
    cdef uint32_t watched = 0
    if max(traded.lot_step, traded.price_step, traded.min_order_qty) > 1:
        watched |= WATCH_STEPS
    if min(
        traded.day_orders_max, traded.day_cancels_max, traded.day_large_cancels_max,
        traded.day_self_trades_max, traded.order_to_trade_max,
    ) != TG_NO_LIMIT:
        watched |= WATCH_DAY
    return watched


cdef inline uint32_t watched_at(
    const tables* t, const pair_row* row, const account_row* owner
) noexcept nogil:
    """What one level states of money and executions."""
    cdef const balance_row* balance = &t.balances[row.balance]
    cdef uint32_t watched = 0
    if owner.executions >= owner.executions_max or owner.is_slowed:
        watched |= WATCH_PLACES
    if row.balance and min(
        balance.max_loss, balance.max_drawdown, owner.leverage_max
    ) != TG_NO_LIMIT:
        watched |= WATCH_LOSS
    return watched


cdef uint32_t watched_by(const tables* t, const pair_row* row) noexcept nogil:
    """What the order's own account states, once the states of its chain are folded."""
    cdef const account_row* owner = &t.accounts[row.account]
    cdef uint32_t watched = 0
    if (
        row.state != 1 << ACTIVE or row.side_lock or not row.is_permitted
        or min(row.all.max_long, row.all.max_short) < 0
        or not t.balances[row.balance].is_checked or owner.is_converted
    ):
        watched |= WATCH_PLACES
    if owner.concentration_permille != TG_NO_LIMIT:
        watched |= WATCH_CONCENTRATION
    if (
        owner.self_match_own != SELF_MATCH_ALLOW
        or t.accounts[owner.group].self_match_group != SELF_MATCH_ALLOW
    ):
        watched |= WATCH_SELF_MATCH
    return watched


cdef void fold(tables* t, uint32_t pair) noexcept nogil:
    """The least of each limit, the set of states and all locks of the pair's chain.

    Valid until risk.fold_version is raised. The lists of states are in RISK.md 3, 7 to 25.
    """
    cdef pair_row* row = &t.pairs[pair]
    cdef const instrument_row* traded = &t.instruments[row.instrument]
    cdef uint32_t product = traded.product
    cdef uint32_t at = pair
    cdef const account_row* owner
    row.max_notional = TG_NO_LIMIT
    row.max_order_qty = <int32_t>min(traded.max_order_qty, <int64_t>INT32_MAX)
    row.max_market_qty = <int32_t>min(traded.max_market_qty, <int64_t>INT32_MAX)
    row.state = as_set(traded.trading_state)
    row.side_lock = traded.side_lock
    row.is_permitted = 1
    row.watched = watched_of(traded)
    while at:
        owner = &t.accounts[t.pairs[at].account]
        fold_limit(row, find_limit(t, t.pairs[at].account, row.instrument, 0))
        fold_limit(row, find_limit(t, t.pairs[at].account, 0, product + 1))
        fold_limit(row, find_limit(t, t.pairs[at].account, 0, 0))
        row.side_lock |= owner.side_lock
        row.state |= as_set(own_state(owner))
        row.state |= as_set(owner.graded_state)
        row.watched |= watched_at(t, &t.pairs[at], owner)
        if not (owner.products[product >> 6] >> (product & 63)) & 1:
            row.is_permitted = 0
        at = t.pairs[at].parent
    row.watched |= watched_by(t, row)
    row.fold_version = t.risk.fold_version


def create_pair(Tables tables_, uint32_t account, uint32_t instrument):
    """The row of a pair; made, with those of the levels above it, when it is not there.

    Only before the first record. ValueError when there is no room or no such account.
    """
    cdef tables* t = &tables_.t
    if not 0 < account <= t.risk.account_count or not 0 < instrument <= t.risk.instrument_count:
        raise ValueError(f"no account {account} or no instrument {instrument}")
    if not ensure_rows(t, account, instrument):
        raise ValueError(f"no room for the rows of account {account} in instrument {instrument}")
    return find_pair(t, account, instrument)
