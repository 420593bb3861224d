"""One venue's matching: its books, its orders by key, its ledger, and the reports they cause.

Pure: requests and tape events in, report rows out. No clock, no I/O, no randomness.
"""

from collections.abc import Sequence

import msgspec

from tidegate.native.records import NO_PRICE, ExecType, Flag, Kind, Reason, TimeInForce
from tidegate.tape.events import Contract, TapeFlag, TapeKind
from tidegate.venue import wire
from tidegate.venue.book import QTY_MAX, Book, is_out_of_protection, may_rest
from tidegate.venue.ledger import Holding, Ledger, Security
from tidegate.venue.memory import Stands
from tidegate.venue.order import BUY, ORDER_FIELDS, Fill, Order
from tidegate.venue.wire import Row

# Keys of the day, working or over; a full table rejects new orders.
ORDERS_MAX = 4_000_000
# Of 32 bits in a record; after it the numbers begin again.
MATCH_ID_MAX = (1 << 32) - 1

# Of orders that are over, how many keys a picture has: an older one is unknown, not too late.
OVER_KEPT = 65_536

Key = tuple[int, int]
# time_ns, price, qty, security_id, kind, side, flags
TapeRow = tuple[int, int, int, int, int, int, int]

_MORE = int(TapeFlag.MORE)
_DAY = int(TimeInForce.DAY)
_FOK = int(TimeInForce.FILL_OR_KILL)
_LEVEL, _TRADE, _QUOTE = int(TapeKind.LEVEL), int(TapeKind.TRADE), int(TapeKind.QUOTE)


class Exchange:
    """All books of a venue. first_id is below every order_id and exec_id that it gives."""

    def __init__(self, securities: tuple[Security, ...], first_id: int) -> None:
        self.securities = {security.security_id: security for security in securities}
        self.books = {security_id: Book() for security_id in self.securities}
        self.settlements = dict.fromkeys(self.securities, NO_PRICE)
        self.ledger = Ledger()
        # Securities whose top of book or trades may have changed; the agent clears it.
        self.touched: set[int] = set()
        self.working: dict[Key, Order] = {}
        self._over: dict[Key, int] = {}
        self._last_order_id = first_id
        self._last_exec_id = first_id
        # By account: of its last report, rejections aside.
        self.last_exec_ids: dict[int, int] = {}
        self._last_match_id = first_id % MATCH_ID_MAX

    def request(self, row: Row, *, is_refused: bool = False) -> list[Row]:
        """Serves a new order, a cancel or a replace; a new order that is_refused is rejected."""
        kind = row[wire.KIND]
        if kind == Kind.NEW_ORDER_SINGLE:
            return self._new(row, is_refused)
        if kind == Kind.CANCEL_REQUEST:
            return self._cancel(row)
        return self._replace(row)

    def refuse(self, row: Row, reason: Reason) -> Row:
        """Rejects a request that the exchange does not look at."""
        if row[wire.KIND] != Kind.NEW_ORDER_SINGLE:
            return wire.cancel_reject(row, 0, reason)
        self._last_exec_id += 1
        return wire.rejection(row, self._last_exec_id, reason)

    def cancel_all(self, accounts: frozenset[int]) -> list[Row]:
        """Cancels every working order of the accounts, unasked."""
        return [self._end(order, ExecType.EXEC_CANCELED) for order in self.orders_of(accounts)]

    def orders_of(self, accounts: frozenset[int]) -> list[Order]:
        """The working orders of the accounts."""
        return [order for order in self.working.values() if order.account in accounts]

    def late_fill(self, canceled: Row, qty: int) -> Row:
        """A fill that is reported after its order's cancel, at the order's price."""
        account, price = canceled[wire.ACCOUNT], canceled[wire.PRICE]
        security = self.securities[canceled[wire.INSTRUMENT]]
        self.ledger.book(account, security, canceled[wire.SIDE], qty, price)
        row = list(canceled)
        row[wire.EXEC_TYPE], row[wire.REASON] = int(ExecType.EXEC_TRADE), 0
        cum_qty = canceled[wire.CUM_QTY] + qty
        match_id = self._match_id({}, 0)
        row[wire.BODY :] = self._exec_id(account), price, qty, match_id, cum_qty
        return tuple(row)

    def recall(self, row: Row) -> None:
        """Takes a report from before a restart, in the order in which they were given."""
        if row[wire.KIND] != Kind.EXECUTION_REPORT:
            return
        account, exec_id = row[wire.ACCOUNT], row[wire.EXEC_ID]
        key = (account, row[wire.CL_ORD_ID])
        if row[wire.EXEC_TYPE] == ExecType.EXEC_REJECTED:
            self._last_exec_id = max(self._last_exec_id, exec_id)
            if key not in self.working:
                self._over.setdefault(key, 0)
            return
        # One that was given twice counts once.
        if exec_id <= self.last_exec_ids.get(account, 0):
            return
        self._last_exec_id = max(self._last_exec_id, exec_id)
        self.last_exec_ids[account] = exec_id
        self._last_order_id = max(self._last_order_id, row[wire.ORDER_ID])
        self._last_match_id = row[wire.TRD_MATCH_ID] or self._last_match_id
        if row[wire.EXEC_TYPE] == ExecType.EXEC_TRADE:
            security = self.securities[row[wire.INSTRUMENT]]
            qty, price = row[wire.LAST_QTY], row[wire.LAST_PX]
            self.ledger.book(account, security, row[wire.SIDE], qty, price)
        self._recall_order(key, row)

    def _recall_order(self, key: Key, row: Row) -> None:
        exec_type = row[wire.EXEC_TYPE]
        if exec_type == ExecType.EXEC_NEW:
            self.working[key] = _order(row, row[wire.ORDER_ID])
        order = self.working.get(key)
        if order is None:
            return
        order.price, order.order_qty = row[wire.PRICE], row[wire.ORDER_QTY]
        order.cum_qty = row[wire.CUM_QTY]
        if exec_type in (ExecType.EXEC_CANCELED, ExecType.EXEC_EXPIRED) or not order.leaves_qty:
            self._forget(order)

    def picture(self) -> Stands:
        """All that recall() of every report so far would give; of orders over the youngest."""
        return Stands(
            (self._last_order_id, self._last_exec_id, self._last_match_id),
            self.last_exec_ids,
            [(*key, *msgspec.structs.astuple(held)) for key, held in self.ledger.holdings.items()],
            [(*astuple(order), order.cum_qty) for order in self.working.values()],
            [(*key, order_id) for key, order_id in [*self._over.items()][-OVER_KEPT:]],
        )

    def take_over(self, stands: Stands) -> None:
        """Begins where a picture was taken."""
        order_id, exec_id, self._last_match_id = stands.last_ids
        self._last_order_id = max(self._last_order_id, order_id)
        self._last_exec_id = max(self._last_exec_id, exec_id)
        self.last_exec_ids = dict(stands.exec_ids)
        for account, security_id, *held in stands.holdings:
            self.ledger.holdings[account, security_id] = Holding(
                **dict(zip(Holding.__struct_fields__, held, strict=True))
            )
        for *fields, cum_qty in stands.working:
            order = _made(fields, cum_qty)
            self.working[order.account, order.cl_ord_id] = order
        self._over = {(account, key): order_id for account, key, order_id in stands.over}

    def halt(self) -> list[Row]:
        """Cancels what worked before a restart: no book has it any more."""
        return [self._finish(order, ExecType.EXEC_CANCELED) for order in [*self.working.values()]]

    def list_contract(self, security_id: int, contract: Contract) -> None:
        """Takes the day's price limits and settlement price."""
        book = self.books[security_id]
        book.upper_limit, book.lower_limit = contract.upper_limit, contract.lower_limit
        if contract.pre_settlement is not None:
            self.settlements[security_id] = contract.pre_settlement

    def tape(self, event: TapeRow) -> list[Row]:
        """Applies one row of the tape; rows of one update match at its last row."""
        _, price, qty, security_id, kind, side, flags = event
        book = self.books[security_id]
        self.touched.add(security_id)
        fills: list[Fill] = []
        if kind != _TRADE:
            book.is_last_newest = False
        if kind == _LEVEL:
            ladder = book.bids if side == BUY else book.asks
            ladder.show(price * ladder.sign, qty)
        elif kind == _QUOTE:
            ladder = book.bids if side == BUY else book.asks
            if qty:
                ladder.replace(price * ladder.sign, qty)
            else:
                ladder.hide()
        elif kind == _TRADE:
            fills = book.trade(price, qty, side)
        elif kind == TapeKind.CLEAR:
            book.bids.hide()
            book.asks.hide()
        elif kind == TapeKind.SESSION_CLOSE:
            return self._close(book)
        else:
            self._reference(book, security_id, kind, price)
        if not flags & _MORE:
            fills += book.settle()
        return self._booked(fills) if fills else []

    def restore(self) -> list[Row]:
        """Opens every book and refills it to what the tape displayed last."""
        fills: list[Fill] = []
        for security_id, book in self.books.items():
            book.is_open = True
            fills += book.restore()
            self.touched.add(security_id)
        return self._booked(fills)

    def mark(self, security_id: int) -> int:
        """Reference price of a security: its book's, else the settlement price."""
        price = self.books[security_id].mark()
        return self.settlements[security_id] if price == NO_PRICE else price

    def _new(self, row: Row, is_refused: bool) -> list[Row]:
        key = (row[wire.ACCOUNT], row[wire.CL_ORD_ID])
        if key in self.working or key in self._over:
            return [self.refuse(row, Reason.VENUE_DUPLICATE)]
        if len(self.working) + len(self._over) >= ORDERS_MAX:
            return [self.refuse(row, Reason.VENUE_REJECTED)]
        reason = Reason.VENUE_REJECTED if is_refused else self._refusal(row)
        if reason:
            self._over[key] = 0
            return [self.refuse(row, reason)]
        book = self.books[row[wire.INSTRUMENT]]
        self._last_order_id += 1
        order = _order(row, self._last_order_id)
        self.working[key] = order
        self.touched.add(order.security_id)
        rows = [self._report(order, ExecType.EXEC_NEW)]
        rows += self._booked(book.enter(order))
        if order.leaves_qty and not may_rest(order):
            rows.append(self._leave(order, book))
        return rows

    def _leave(self, order: Order, book: Book) -> Row:
        """Ends an order that may not rest."""
        if order.time_in_force != _FOK and is_out_of_protection(book, order):
            return self._finish(order, ExecType.EXEC_CANCELED, Reason.VENUE_PRICE_LIMIT)
        return self._finish(order, ExecType.EXEC_EXPIRED)

    def _refusal(self, row: Row) -> Reason:
        """Why a new order is rejected; REASON_NONE if it is not."""
        book = self.books.get(row[wire.INSTRUMENT])
        if book is None or not row[wire.CL_ORD_ID] or not 1 <= row[wire.ORDER_QTY] <= QTY_MAX:
            return Reason.VENUE_MALFORMED
        return book.refusal(
            side=row[wire.SIDE],
            ord_type=row[wire.ORD_TYPE],
            time_in_force=row[wire.TIME_IN_FORCE],
            price=row[wire.PRICE],
            is_post_only=bool(row[wire.FLAGS] & Flag.POST_ONLY),
        )

    def _cancel(self, row: Row) -> list[Row]:
        order = self._find(row)
        if isinstance(order, Reason):
            return [self._reject(row, order)]
        return [self._end(order, ExecType.EXEC_CANCELED)]

    def _replace(self, row: Row) -> list[Row]:
        order = self._find(row)
        if isinstance(order, Reason):
            return [self._reject(row, order)]
        price, order_qty = row[wire.PRICE], row[wire.ORDER_QTY]
        book = self.books[order.security_id]
        reason = book.refusal(
            side=order.side,
            ord_type=order.ord_type,
            time_in_force=order.time_in_force,
            price=price,
            is_post_only=order.is_post_only,
        )
        if not 1 <= order_qty <= QTY_MAX:
            reason = Reason.VENUE_MALFORMED
        if reason:
            return [wire.cancel_reject(row, order.order_id, reason)]
        if order_qty <= order.cum_qty:
            return [self._end(order, ExecType.EXEC_CANCELED)]
        self.touched.add(order.security_id)
        cum_qty = order.cum_qty
        fills = book.replace_order(order, price, order_qty)
        exec_id = self._exec_id(order.account)
        replaced = wire.execution(order, ExecType.EXEC_REPLACED, exec_id, cum_qty=cum_qty)
        return [replaced, *self._booked(fills)]

    def _find(self, row: Row) -> Order | Reason:
        key = (row[wire.ACCOUNT], row[wire.CL_ORD_ID])
        order = self.working.get(key)
        if order is not None:
            return order
        return Reason.VENUE_TOO_LATE if key in self._over else Reason.VENUE_UNKNOWN_ORDER

    def _reject(self, row: Row, reason: Reason) -> Row:
        key = (row[wire.ACCOUNT], row[wire.CL_ORD_ID])
        return wire.cancel_reject(row, self._over.get(key, 0), reason)

    def _close(self, book: Book) -> list[Row]:
        """Stops trading; DAY orders expire."""
        book.is_open = False
        day = [order for order in book.orders() if order.time_in_force == _DAY]
        return [self._end(order, ExecType.EXEC_EXPIRED) for order in day]

    def _reference(self, book: Book, security_id: int, kind: int, price: int) -> None:
        if kind == TapeKind.SESSION_OPEN:
            book.is_open = True
        elif kind == TapeKind.UPPER_LIMIT:
            book.upper_limit = None if price == NO_PRICE else price
        elif kind == TapeKind.LOWER_LIMIT:
            book.lower_limit = None if price == NO_PRICE else price
        elif kind == TapeKind.SETTLEMENT:
            self.settlements[security_id] = price

    def _booked(self, fills: list[Fill]) -> list[Row]:
        """Books fills and reports them."""
        rows: list[Row] = []
        matches: dict[int, int] = {}
        for order, qty, price, cum_qty, pair in fills:
            security = self.securities[order.security_id]
            self.ledger.book(order.account, security, order.side, qty, price)
            rows.append(
                wire.execution(
                    order,
                    ExecType.EXEC_TRADE,
                    self._exec_id(order.account),
                    cum_qty=cum_qty,
                    last_qty=qty,
                    last_px=price,
                    trd_match_id=self._match_id(matches, pair),
                )
            )
            if cum_qty == order.order_qty:
                self._forget(order)
        return rows

    def _match_id(self, matches: dict[int, int], pair: int) -> int:
        """A number for each match, which two orders of ours that met share."""
        if pair not in matches:
            self._last_match_id = self._last_match_id % MATCH_ID_MAX + 1
            if pair == 0:
                return self._last_match_id
            matches[pair] = self._last_match_id
        return matches[pair]

    def _end(self, order: Order, exec_type: ExecType) -> Row:
        """Takes a resting order out of its book and reports why."""
        self.books[order.security_id].cancel(order)
        self.touched.add(order.security_id)
        return self._finish(order, exec_type)

    def _finish(
        self, order: Order, exec_type: ExecType, reason: Reason = Reason.REASON_NONE
    ) -> Row:
        self._forget(order)
        return self._report(order, exec_type, reason)

    def _forget(self, order: Order) -> None:
        key = (order.account, order.cl_ord_id)
        del self.working[key]
        self._over[key] = order.order_id

    def _report(
        self, order: Order, exec_type: ExecType, reason: Reason = Reason.REASON_NONE
    ) -> Row:
        exec_id = self._exec_id(order.account)
        return wire.execution(order, exec_type, exec_id, cum_qty=order.cum_qty, reason=reason)

    def _exec_id(self, account: int) -> int:
        self._last_exec_id += 1
        self.last_exec_ids[account] = self._last_exec_id
        return self._last_exec_id


def astuple(order: Order) -> tuple[int, ...]:
    """What an order was made of, in the order of ORDER_FIELDS."""
    return tuple(int(getattr(order, name)) for name in ORDER_FIELDS)


def _made(fields: Sequence[int], cum_qty: int) -> Order:
    *plain, is_post_only = fields
    order = Order(**dict(zip(ORDER_FIELDS, plain, strict=False)), is_post_only=bool(is_post_only))
    order.cum_qty = cum_qty
    return order


def _order(row: Row, order_id: int) -> Order:
    return Order(
        account=row[wire.ACCOUNT],
        cl_ord_id=row[wire.CL_ORD_ID],
        order_id=order_id,
        security_id=row[wire.INSTRUMENT],
        side=row[wire.SIDE],
        price=row[wire.PRICE],
        order_qty=row[wire.ORDER_QTY],
        ord_type=row[wire.ORD_TYPE],
        time_in_force=row[wire.TIME_IN_FORCE],
        is_post_only=bool(row[wire.FLAGS] & Flag.POST_ONLY),
    )
