"""Times verdicts with their holds in C, for bench/verdict.py. Nothing that runs imports it.

A round decides a batch of orders, timed, then gives back what they hold, untimed, so that every
round begins with the same state. The floor does what no set of controls can do without: it finds
the order's rows, and compares and holds one credit in each of them.
"""
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

cimport tidegate.native.ahead as ahead
cimport tidegate.native.endings as endings
cimport tidegate.native.positions as positions
cimport tidegate.native.pretrade as pretrade
from tidegate.native.balances cimport available
from tidegate.native.clock cimport monotonic_ns
from tidegate.native.compared cimport compared
from tidegate.native.context cimport context
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport BUY, order_record, record
from tidegate.native.tables cimport Tables, balance_row, pair_row, tables

import numpy as np

# Orders between two looks at the clock.
BATCH = 32


cdef void give_back(tables* t, uint32_t session) noexcept nogil:
    while t.sessions[session].first_order:
        endings.close(t, &t.orders[t.sessions[session].first_order], c'4')


cdef uint64_t decide_all(
    tables* t, const order_record* orders, Py_ssize_t count, outputs* out, uint64_t hashed,
    uint64_t* accepted
) noexcept nogil:
    """The verdicts and numbers of a batch, folded into one number with what was before."""
    cdef context c
    cdef compared n
    cdef Py_ssize_t i
    for i in range(count):
        memset(&n, 0, sizeof(n))
        out.verdict = <uint64_t>1 << 63
        accepted[0] += pretrade.decide(t, &orders[i], &n, &c, out) == 0
        hashed = (hashed ^ out.verdict >> 7 ^ <uint64_t>n.limit_value) * <uint64_t>0x100000001B3
        hashed = (hashed ^ hashed >> 29) + 1
    return hashed


cdef inline int64_t take_one(
    tables* t, pair_row* row, bint is_buy, int64_t lots, int64_t money
) noexcept nogil:
    """One level of the floor: three credits and a balance, compared and held."""
    cdef balance_row* balance = &t.balances[row.balance]
    cdef int64_t* pair = &row.all.buy_credit if is_buy else &row.all.sell_credit
    cdef int64_t* product
    cdef int64_t* account
    cdef int64_t bad
    if is_buy:
        product = &t.products[row.product].all.buy_credit
        account = &t.accounts[row.account].all.buy_credit
    else:
        product = &t.products[row.product].all.sell_credit
        account = &t.accounts[row.account].all.sell_credit
    bad = (
        (lots > pair[0]) | (lots > product[0]) | (lots > account[0])
        | (money > available(balance)) & (row.balance != 0)
    )
    pair[0] -= lots
    product[0] -= lots
    account[0] -= lots
    balance.margin += money
    return bad


cdef uint64_t floor_all(
    tables* t, const order_record* orders, Py_ssize_t count, int64_t sign
) noexcept nogil:
    cdef uint64_t bad = 0
    cdef uint32_t pair
    cdef Py_ssize_t i
    cdef int64_t lots
    for i in range(count):
        pair = positions.find_pair(t, orders[i].account, orders[i].instrument)
        lots = sign * orders[i].order_qty
        while pair:
            bad += take_one(
                t, &t.pairs[pair], orders[i].side == BUY, lots,
                lots * t.instruments[orders[i].instrument].margin_long,
            )
            pair = t.pairs[pair].parent
    return bad


def measure(Tables tables_, const record[::1] orders, int rounds, bint is_fetched):
    """(ns of each batch's verdicts, ns of its floor, hash of all verdicts, how many
    were accepted): arrays of rounds x batches.

    The orders are taken in batches of BATCH, each batch once a round.
    """
    cdef tables* t = &tables_.t
    cdef Py_ssize_t batches = len(orders) // BATCH
    cdef record[::1] rows = np.zeros(t.order_capacity + 2, np.asarray(orders).dtype)
    cdef outputs out
    cdef int64_t[:, ::1] taken = np.zeros((rounds, batches), np.int64)
    cdef int64_t[:, ::1] least = np.zeros((rounds, batches), np.int64)
    cdef const order_record* batch
    cdef uint64_t hashed = 0
    cdef uint64_t accepted = 0
    cdef int64_t start
    cdef Py_ssize_t i
    cdef int r, phase
    cdef int batch_size = BATCH
    if batches == 0:
        raise ValueError(f"{len(orders)} orders; a batch is {BATCH}")
    memset(&out, 0, sizeof(out))
    out.routes = &rows[0]
    out.reports = &rows[0]
    with nogil:
        for r in range(rounds):
            for i in range(batches):
                batch = <const order_record*>&orders[i * batch_size]
                t.risk.now_ns += 1000
                for phase in range(2):
                    start = monotonic_ns()
                    if is_fetched:
                        ahead.ask(t, <const record*>batch, batch_size)
                    if phase == 0:
                        floor_all(t, batch, batch_size, 1)
                        least[r, i] = monotonic_ns() - start
                        floor_all(t, batch, batch_size, -1)
                    else:
                        hashed = decide_all(t, batch, batch_size, &out, hashed, &accepted)
                        taken[r, i] = monotonic_ns() - start
                        give_back(t, batch[0].session)
    return np.asarray(taken), np.asarray(least), hashed, accepted
