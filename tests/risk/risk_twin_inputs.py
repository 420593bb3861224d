"""The twin's inputs: what each kind of record does to orders, books, cash and states."""

from risk_twin import (
    ENDS,
    QTY_MAX,
    Known,
    Order,
    Row,
    Verdict,
)
from risk_twin_checks import malformed, run_checks
from risk_twin_control import ControlledTwin

from tidegate.native.records import NO_PRICE, ExecType, Flag, Kind, Level, Reason, Side
from tidegate.universe import Universe


class FullTwin(ControlledTwin):
    """A twin with room for every order and id."""

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.numbers = 0

    def run(self, r: Row) -> Verdict:
        verdict = Verdict()
        if r["kind"] == Kind.NEW_ORDER_SINGLE:
            self.new_order(r, verdict)
        elif r["kind"] == Kind.CANCEL_REQUEST:
            self.cancel(r, verdict)
        elif r["kind"] == Kind.CANCEL_REPLACE_REQUEST:
            self.replace(r, verdict)
        elif r["kind"] == Kind.MASS_CANCEL_REQUEST:
            self.mass_cancel(r, verdict)
        elif r["kind"] in (Kind.EXECUTION_REPORT, Kind.CANCEL_REJECT):
            self.report(r, verdict)
        elif not self.control(r):
            self.counts["refused_records"] += 1
        return verdict

    def deny(self, o: Row, verdict: Verdict, kind: Kind, reason: int) -> None:
        verdict.bits |= 1 << (reason if reason < 63 else 0)
        verdict.reason = reason
        limit, used, asked, level = verdict.numbers
        self.counts["denied"] += kind == Kind.DENIED
        verdict.reports.append(
            {
                "kind": kind,
                "cl_ord_id": o["cl_ord_id"],
                "reason": reason,
                "limit_value": limit,
                "used_value": used,
                "asked_value": asked,
                "level": level,
            }
        )

    def is_named(self, o: Row) -> bool:
        return 0 < o["session"] <= len(self.universe.sessions) and o["cl_ord_id"] != 0

    def new_order(self, o: Row, verdict: Verdict) -> None:
        key = o["session"], o["cl_ord_id"]
        if not self.is_named(o):
            self.deny(o, verdict, Kind.DENIED, Reason.MALFORMED)
            return
        if known := self.ids.get(key):
            verdict.bits |= 1 << Reason.DUPLICATE_CL_ORD_ID
            if not o["flags"] & Flag.POSS_RESEND:
                self.deny(o, verdict, Kind.DENIED, Reason.DUPLICATE_CL_ORD_ID)
            elif not known.order:
                self.deny(o, verdict, Kind.DENIED, known.reason)
            else:
                final = known.exec_type if known.exec_type in ENDS else ExecType.EXEC_RESTATED
                told = {"cum_qty": known.cum, "order_qty": known.qty, "order_id": known.order}
                verdict.reports.append(
                    {"kind": Kind.EXECUTION_REPORT, "exec_type": final, "reason": known.reason}
                    | {"cl_ord_id": key[1]}
                    | told
                )
            return
        account = self.accounts.get(o["account"])
        lots = fee = 0
        if account is None or account.level < Level.SUB_ACCOUNT:
            verdict.reason = Reason.UNKNOWN_ACCOUNT
        elif o["instrument"] not in self.instruments:
            verdict.reason = Reason.UNKNOWN_INSTRUMENT
        elif malformed(o):
            verdict.reason = Reason.MALFORMED
        else:
            lots, fee = run_checks(self, o, None, verdict)
        self.ids[key] = Known(0, o["order_qty"], verdict.reason)
        if verdict.reason:
            self.deny(o, verdict, Kind.DENIED, verdict.reason)
            return
        self.numbers += 1
        self.ids[key].order = self.numbers
        self.orders[self.numbers] = Order(
            self.numbers,
            *key,
            o["account"],
            o["instrument"],
            o["side"] == Side.BUY,
            o["price"],
            o["order_qty"],
            o["ord_type"],
            o["time_in_force"],
            o["flags"],
            held=lots,
            fee=fee,
        )
        self.count(o["account"])
        self.counts["accepted"] += 1
        self.route(verdict, o["kind"], self.orders[self.numbers], o["cl_ord_id"])

    def count(self, account: int) -> None:
        for level in self.chain(account):
            if level.order_rate:
                interval = -(-(10**9) // level.order_rate)
                start = max(self.sent.get(level.handle, 0), self.now)
                self.sent[level.handle] = min(
                    start + interval, self.now + level.order_burst * interval
                )

    def route(self, verdict: Verdict, kind: int, order: Order, cl_ord_id: int) -> None:
        verdict.routes.append({"kind": kind, "order_id": order.number, "cl_ord_id": cl_ord_id})

    def named(self, o: Row) -> tuple[Order | None, int]:
        if not self.is_named(o):
            return None, Reason.MALFORMED
        known = self.ids.get((o["session"], o["orig_cl_ord_id"]))
        if known is None or not known.order:
            return None, Reason.UNKNOWN_ORDER
        order = self.orders[known.order]
        return (order, 0) if order.is_open else (None, Reason.TOO_LATE)

    def cancel(self, o: Row, verdict: Verdict) -> None:
        order, reason = self.named(o)
        if order and o["flags"] & Flag.POSS_RESEND and order.cancel == o["cl_ord_id"]:
            return
        if order is None or order.cancel is not None:
            self.deny(o, verdict, Kind.CANCEL_REJECT, reason or Reason.REQUEST_PENDING)
            return
        self.send_cancel(order, o["cl_ord_id"], verdict)

    def send_cancel(self, order: Order, cl_ord_id: int, verdict: Verdict) -> None:
        order.cancel = cl_ord_id
        self.count(order.account)
        self.route(verdict, Kind.CANCEL_REQUEST, order, cl_ord_id)

    def mass_cancel(self, o: Row, verdict: Verdict) -> None:
        is_known = o["mass_cancel_type"] in (ord("7"), ord("d"))
        if not 0 < o["session"] <= len(self.universe.sessions) or not is_known:
            self.deny(o, verdict, Kind.CANCEL_REJECT, Reason.MALFORMED)
            return
        for order in reversed(self.orders.values()):
            if (
                order.is_open
                and order.session == o["session"]
                and order.cancel is None
                and o["account"] in (0, order.account)
                and o["instrument"] in (0, order.instrument)
                and (
                    o["mass_cancel_type"] != ord("d")
                    or self.accounts[order.account].cancel_on_disconnect
                )
            ):
                self.send_cancel(order, 0, verdict)

    def replace(self, o: Row, verdict: Verdict) -> None:
        order, reason = self.named(o)
        lots = fee = 0
        if order is not None:
            asked = order.replace[0] if order.replace else None
            if o["flags"] & Flag.POSS_RESEND and asked == o["cl_ord_id"]:
                return
            full = o | {
                "account": order.account,
                "instrument": order.instrument,
                "side": Side.BUY if order.is_buy else Side.SELL,
                "ord_type": order.ord_type,
                "time_in_force": order.time_in_force,
                "flags": order.flags,
            }
            if order.replace or order.cancel is not None:
                reason = Reason.REQUEST_PENDING
            elif (o["session"], o["cl_ord_id"]) in self.ids:
                reason = Reason.DUPLICATE_CL_ORD_ID
            elif malformed(full):
                reason = Reason.MALFORMED
            elif o["order_qty"] <= order.cum:
                reason = Reason.TOO_LATE
            else:
                lots, fee = run_checks(self, full, order, verdict)
                reason = verdict.reason
        if order is None or reason:
            self.deny(o, verdict, Kind.CANCEL_REJECT, reason)
            return
        order.replace = o["cl_ord_id"], o["price"], o["order_qty"]
        order.held += lots
        order.fee += fee
        self.count(order.account)
        self.ids[o["session"], o["cl_ord_id"]] = Known(order.number, o["order_qty"], 0)
        self.route(verdict, o["kind"], order, o["cl_ord_id"])

    # What the venue says.

    def report(self, r: Row, verdict: Verdict) -> None:
        order = self.orders.get(r["order_id"])
        if order is None:
            self.counts["orphan_reports"] += 1
        elif r["kind"] == Kind.CANCEL_REJECT:
            self.cancel_reject(order, r, verdict)
        elif r["exec_id"] and r["exec_id"] <= order.exec_id:
            self.counts["duplicate_reports"] += 1
        else:
            order.exec_id = r["exec_id"] or order.exec_id
            self.execution(order, r, verdict)

    def execution(self, order: Order, r: Row, verdict: Verdict) -> None:
        kind = r["exec_type"]
        if kind == ExecType.EXEC_TRADE:
            self.trade(order, r, verdict)
        elif not order.is_open or (kind == ExecType.EXEC_REPLACED and not order.replace):
            self.counts["duplicate_reports"] += 1
        elif kind == ExecType.EXEC_NEW:
            order.status = "0" if order.status == "A" else order.status
            self.tell(order, r, verdict)
        elif kind == ExecType.EXEC_REPLACED and order.replace:
            order.cl_ord_id, order.price, order.qty = order.replace
            order.replace = None
            if order.cum >= order.qty:
                self.end(order, r, verdict, "2")
            else:
                self.keep(order, order.left)
                self.tell(order, r, verdict)
        elif kind in ENDS:
            self.end(order, r, verdict, ENDS[kind])
        else:
            self.counts["refused_records"] += 1

    def trade(self, order: Order, r: Row, verdict: Verdict) -> None:
        if not 0 < r["last_qty"] <= QTY_MAX or r["last_px"] == NO_PRICE:
            self.counts["unbookable"] += 1
            return
        row = self.instruments[order.instrument]
        signed = r["last_qty"] if order.is_buy else -r["last_qty"]
        fee = self.fee(row.handle, r["last_px"], r["last_qty"])
        for level in self.chain(order.account):
            self.book_fill(level.handle, row.handle, signed, r["last_px"] * row.tick_value)
            key = level.handle, row.currency
            self.cash[key] = self.cash.get(key, 0) - fee
            self.fees[key] = self.fees.get(key, 0) + fee
        order.cum += r["last_qty"]
        self.counts["fills"] += 1
        self.keep(order, order.held - r["last_qty"])
        if not order.is_open:
            self.counts["late_fills"] += 1
            self.tell(order, r, verdict)
        elif order.cum >= order.qty and not order.replace:
            self.end(order, r, verdict, "2")
        else:
            order.status = "1"
            self.tell(order, r, verdict)

    def book_fill(self, account: int, instrument: int, signed: int, value: int) -> None:
        """Average cost: what closes takes its share of the cost, rounded towards zero."""
        book = self.book(account, instrument)
        closing = 0
        if book.net * signed < 0:
            closing = min(abs(signed), abs(book.net)) * (1 if signed > 0 else -1)
            share = abs(book.cost) * abs(closing) // abs(book.net)
            share = share if book.cost >= 0 else -share
            key = account, self.instruments[instrument].currency
            self.cash[key] = self.cash.get(key, 0) - closing * value - share
            book.cost -= share
        book.cost += (signed - closing) * value
        book.net += signed
        book.bought += max(signed, 0)
        book.sold += max(-signed, 0)

    def keep(self, order: Order, lots: int) -> None:
        order.held = min(order.held, max(lots, 0))
        prices = [order.price] + ([order.replace[1]] if order.replace else [])
        needed = 0
        if order.held:
            price = self.fee_price(order.instrument, *prices)
            needed = self.fee(order.instrument, price, order.held)
        order.fee = min(order.fee, needed)

    def tell(self, order: Order, r: Row, verdict: Verdict, cl_ord_id: int = 0) -> None:
        verdict.reports.append(
            {
                "kind": Kind.EXECUTION_REPORT,
                "exec_type": r["exec_type"],
                "cl_ord_id": cl_ord_id or order.cl_ord_id,
                "order_id": order.number,
                "order_qty": order.qty,
                "cum_qty": order.cum,
                "price": order.price,
            }
        )
        known = self.ids[order.session, order.cl_ord_id]
        if r["exec_type"] != ExecType.EXEC_TRADE or known.exec_type not in ENDS:
            known.exec_type = r["exec_type"]
        known.qty, known.cum = order.qty, order.cum

    def end(self, order: Order, r: Row, verdict: Verdict, status: str) -> None:
        is_canceled = r["exec_type"] == ExecType.EXEC_CANCELED
        self.tell(order, r, verdict, (order.cancel or 0) if is_canceled else 0)
        if is_canceled:
            order.cancel = None
        self.answer(order, verdict, Kind.CANCEL_REQUEST, Reason.TOO_LATE)
        self.answer(order, verdict, Kind.CANCEL_REPLACE_REQUEST, Reason.TOO_LATE)
        self.ids[order.session, order.cl_ord_id].reason = r["reason"]
        order.status, order.held, order.fee = status, 0, 0

    def answer(self, order: Order, verdict: Verdict, kind: Kind, reason: int) -> None:
        pending = order.replace[0] if order.replace else None
        if kind == Kind.CANCEL_REQUEST:
            pending, order.cancel = order.cancel, None
        else:
            order.replace = None
        if pending:
            verdict.reports.append(
                {"kind": Kind.CANCEL_REJECT, "cl_ord_id": pending, "reason": reason}
                | {"ref_kind": kind}
            )

    def cancel_reject(self, order: Order, r: Row, verdict: Verdict) -> None:
        if r["ref_kind"] == Kind.CANCEL_REQUEST:
            is_pending = order.cancel is not None
        elif r["ref_kind"] == Kind.CANCEL_REPLACE_REQUEST:
            is_pending = order.replace is not None
        else:
            self.counts["refused_records"] += 1
            return
        if not order.is_open or not is_pending:
            self.counts["duplicate_reports"] += 1
            return
        if (
            r["ref_kind"] == Kind.CANCEL_REQUEST
            and r["reason"] == Reason.VENUE_UNKNOWN_ORDER
            and order.status == "A"
        ):
            lost = r | {"exec_type": ExecType.EXEC_CANCELED, "last_qty": 0, "last_px": NO_PRICE}
            self.end(order, lost, verdict, "4")
            self.ids[order.session, order.cl_ord_id].exec_type = ExecType.EXEC_CANCELED
            return
        self.answer(order, verdict, Kind(r["ref_kind"]), r["reason"])
        if r["ref_kind"] == Kind.CANCEL_REPLACE_REQUEST:
            self.keep(order, order.left)
        if order.cum >= order.qty and not order.replace:
            self.answer(order, verdict, Kind.CANCEL_REQUEST, Reason.TOO_LATE)
            order.status = "2"
