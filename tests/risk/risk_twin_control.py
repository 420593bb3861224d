"""The twin's control inputs: prices, states, cash and time."""

from risk_twin import (
    MONEY_MAX,
    PRICE_MAX,
    TIME_MAX,
    InexpressibleError,
    Row,
    Twin,
    money,
)

from tidegate.native.records import Kind


class ControlledTwin(Twin):
    """A twin that people and clocks can talk to; False = refused, and nothing has changed."""

    def control(self, r: Row) -> bool:
        if r["kind"] == Kind.TICK:
            is_time = 0 <= r["received_ns"] <= TIME_MAX
            self.now = max(self.now, r["received_ns"]) if is_time else self.now
            return is_time
        if r["kind"] in (Kind.MARK, Kind.SETTLEMENT):
            return self.price(r)
        if r["kind"] == Kind.TRADING_STATE:
            named = (r["account"] != 0) + (r["instrument"] != 0)
            states = self.states if r["account"] else self.instrument_states
            handle = r["account"] or r["instrument"]
            if r["trading_state"] not in (1, 2, 3) or named != 1 or handle not in states:
                return False
            states[handle] = r["trading_state"]
            return True
        if r["kind"] == Kind.CASH:
            return self.pay(r)
        return bool(r["kind"] == Kind.CHANNEL_STATE)

    def price(self, r: Row) -> bool:
        if r["instrument"] not in self.instruments or abs(r["price"]) > PRICE_MAX:
            return False
        mark, settled = self.marks.get(r["instrument"]), self.settlements[r["instrument"]]
        if r["kind"] == Kind.MARK:
            self.marks[r["instrument"]] = r["price"], self.now
        else:
            self.settlements[r["instrument"]] = r["price"]
        if self.fits(r["instrument"]):
            return True
        self.settlements[r["instrument"]] = settled
        if mark:
            self.marks[r["instrument"]] = mark
        else:
            self.marks.pop(r["instrument"], None)
        return False

    def fits(self, instrument: int) -> bool:
        currency = self.instruments[instrument].currency
        mark, settled = self.marks.get(instrument, (0, 0))[0], self.settlements[instrument] or 0
        try:
            money(max(abs(mark), abs(settled)) * self.instruments[instrument].tick_value)
            money(self.per_lot(instrument, True) or 0)
            money(self.per_lot(instrument, False) or 0)
            return all(
                abs(self.unrealised(account, currency)) <= MONEY_MAX
                and abs(self.margin(account, currency)) <= MONEY_MAX
                for account in self.accounts
            )
        except InexpressibleError:
            return False

    def pay(self, r: Row) -> bool:
        key = r["account"], r["currency"]
        if key[0] not in self.accounts or not 0 < key[1] <= len(self.universe.currencies):
            return False
        total = self.cash.get(key, 0) + r["amount"]
        if abs(total) > MONEY_MAX:
            return False
        if r["amount"] < 0 and self.equity(*key) - self.held(*key) < -r["amount"]:
            return False
        self.cash[key] = total
        return True
