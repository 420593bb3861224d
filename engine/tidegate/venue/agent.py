"""The venue's duty cycle: requests in, tape and requests matched, reports and market data out.

Stepped: do_work(now_ns) never sleeps and takes its time from the caller, so that a simulator can
run it under virtual time. Requests and tape rows are matched in the order of their times.
Latencies and faults are drawn from the seed, here and in faults.py and nowhere below.

Market data, on a PUB: [code, frame of TRADE and QUOTE records]; a QUOTE says the top of the book
(orders of ours included) at the end of a cycle in which it changed, and each second. After the
tape's END the session stays open, so that positions can be flattened: four times a second a
level is refilled to what the tape displayed last, and [b"*", {"end":true}] is published.
"""

import random
from typing import Any

import msgspec
import zmq

from tidegate.native.records import NO_PRICE, Kind, Reason
from tidegate.venue import wire
from tidegate.venue.answers import statement, status
from tidegate.venue.channel import HEARTBEAT_NS
from tidegate.venue.exchange import Exchange
from tidegate.venue.faults import Faults
from tidegate.venue.feed import Feed
from tidegate.venue.front import Front, Question
from tidegate.venue.memory import Kept, LoggedOn, Memory, Reported, Served, Stands
from tidegate.venue.settings import Settings, bind
from tidegate.venue.wire import Row

REFILL_NS = 250_000_000
IDLE_NS = 5_000_000
END = [b"*", b'{"end":true}']


class VenueAgent:
    """One venue: binds both endpoints, then serves whoever connects."""

    def __init__(
        self,
        settings: Settings,
        feed: Feed | None,
        context: zmq.Context[Any],
        now_ns: int,
        memory: Memory | None = None,
    ) -> None:
        # Ids grow across restarts, so that no exec_id is ever given twice.
        self.exchange = Exchange(settings.securities, now_ns)
        incarnation = memory.incarnation if memory else now_ns
        self.front = Front(settings, context, incarnation, self.exchange.orders_of, memory)
        self.request_count = 0
        self._memory = memory
        self._settings = settings
        self._feed = feed
        self._random = random.Random(settings.seed)
        self.faults = Faults(settings, self._random, now_ns)
        self._publisher = bind(context, zmq.PUB, settings.md_endpoint)
        self._tops: dict[int, tuple[tuple[int, int], tuple[int, int]]] = {}
        self._is_over = False
        self._heartbeat_ns = self._mark_ns = self._refill_ns = now_ns
        if memory is not None:
            self._recall(memory, now_ns)
        if settings.start == "immediately":
            self._start(now_ns)

    @property
    def counters(self) -> dict[str, int]:
        """Requests that were served, and what the venue did amiss."""
        return {"requests": self.request_count} | self.faults.counters

    def do_work(self, now_ns: int) -> int:
        """One duty cycle, at a time that never runs back; returns how much was done.

        A venue that cannot remember does nothing.
        """
        if self._memory is not None and not self._memory.flush():
            return 0
        work, questions = self.front.take(now_ns, self._latency_ns)
        work += self._match(now_ns)
        self._tend(now_ns)
        if self._memory is not None:
            if not self._memory.flush():
                return work
            if self._memory.is_large:
                self._memory.write_anew([*self.front.picture(), self.exchange.picture()])
        for question in questions:
            self._answer(question, now_ns)
        work += self.front.put(now_ns)
        for security_id in sorted(self.exchange.touched):
            self._publish(security_id)
        self.exchange.touched.clear()
        return work

    @property
    def is_full(self) -> bool:
        """Whether it stands still because its disk is full."""
        return self._memory is not None and self._memory.is_full

    def wait_ns(self, now_ns: int) -> int:
        """How long nothing is due if no message comes; at most IDLE_NS."""
        dues = [now_ns + IDLE_NS]
        for channel in self.front.channels.values():
            dues += [queue[0][0] for queue in (channel.inbound, channel.outbound) if queue]
        next_ns = self._feed.next_ns() if self._feed else None
        if next_ns is not None:
            dues.append(next_ns)
        return max(0, min(dues) - now_ns)

    def close(self) -> None:
        """Gives both endpoints back."""
        self.front.close()
        self._publisher.close(0)
        if self._memory is not None:
            self._memory.close()

    def _recall(self, memory: Memory, now_ns: int) -> None:
        """Takes up where the venue before this one was killed; what worked there is canceled."""
        for line in memory.lines:
            if isinstance(line, LoggedOn):
                self.front.admit(line.channel, frozenset(line.accounts))
            elif isinstance(line, Served):
                self.front.channels[line.channel].next_expected = line.seq_num + 1
                self.front.channels[line.channel].served = line.seq_num
            elif isinstance(line, Reported):
                rows = [tuple(row) for row in line.rows]
                for row in rows:
                    self.exchange.recall(row)
                self.front.channels[line.channel].number(rows)
            elif isinstance(line, Kept):
                channel = self.front.channels[line.channel]
                channel.next_sending = line.first
                channel.number([tuple(row) for row in line.rows])
            elif isinstance(line, Stands):
                self.exchange.take_over(line)
        memory.lines.clear()
        self.front.report(self.exchange.halt(), now_ns)
        memory.flush()

    def _match(self, now_ns: int) -> int:
        """Serves requests and tape rows in the order of their times, up to now."""
        work = 0
        while True:
            waiting = [each for each in self.front.channels.values() if each.inbound]
            channel = min(waiting, key=lambda each: each.inbound[0][0], default=None)
            if channel is None or channel.inbound[0][0] > now_ns:
                return work + self._play(now_ns)
            due_ns, row = channel.inbound.popleft()
            work += 1 + self._play(due_ns)
            if row is None:
                self._report(self.exchange.cancel_all(channel.accounts), due_ns)
            elif row[wire.ACCOUNT] in channel.accounts:
                self._report(self._serve(row), due_ns)
            else:
                refusal = self.exchange.refuse(row, Reason.VENUE_REJECTED)
                channel.report([refusal], due_ns + self._latency_ns())
            if row is not None and self._memory is not None:
                channel.served = row[wire.MSG_SEQ_NUM]
                self._memory.served(channel.name, channel.served)

    def _serve(self, row: Row) -> list[Row]:
        """Hands a request to the exchange, which refuses a new order when that is drawn."""
        self.request_count += 1
        return self.exchange.request(row, is_refused=self.faults.rejects(row))

    def _play(self, now_ns: int) -> int:
        """Plays the tape up to now."""
        work = 0
        while self._feed is not None and (events := self._feed.take(now_ns)):
            work += len(events)
            for event in events:
                rows = self.exchange.tape(event)
                if rows:
                    self._report(rows, now_ns)
        return work

    def _report(self, rows: list[Row], now_ns: int) -> None:
        if not rows:
            return
        due_ns = now_ns + self._latency_ns()
        self.front.report(rows, due_ns)
        late = [self.exchange.late_fill(row, qty) for row, qty in self.faults.late(rows)]
        if late:
            due_ns += self._latency_ns()
            self.front.report(late, due_ns)
        again = self.faults.again([*rows, *late])
        if again:
            self.front.report(again, due_ns + self._latency_ns())

    def _publish(self, security_id: int) -> None:
        """Trades since the last cycle, then the top of the book if it is another now."""
        book = self.exchange.books[security_id]
        rows = [
            wire.market_data(Kind.TRADE, security_id, price=price, qty=qty, side=side)
            for price, qty, side in book.prints
        ]
        book.prints.clear()
        bid, ask = top = (book.bids.top(), book.asks.top())
        if top != self._tops.get(security_id):
            self._tops[security_id] = top
            price = book.last_px
            rows.append(wire.market_data(Kind.QUOTE, security_id, price=price, bid=bid, ask=ask))
        if rows:
            topic = self.exchange.securities[security_id].code.encode()
            for frame in wire.frames(wire.market(rows)):
                self._publisher.send_multipart([topic, frame], zmq.NOBLOCK)

    def _tend(self, now_ns: int) -> None:
        """Heartbeats, marks, lost channels, and what follows the tape's end."""
        self.front.drop_silent(now_ns)
        if self.faults.hangs_up(now_ns):
            self.front.hang_up(now_ns, self.faults.says_so)
        if now_ns - self._heartbeat_ns >= HEARTBEAT_NS:
            self._heartbeat_ns = now_ns
            self.front.beat(now_ns)
            # Who subscribed late knows the books a second later.
            self._tops.clear()
            self.exchange.touched.update(self.exchange.books)
        if now_ns - self._mark_ns >= self._settings.mark_interval_ms * 1_000_000:
            self._mark_ns = now_ns
            self._send_marks(now_ns)
        if self._feed is not None and not self._feed.is_over(now_ns):
            return
        if not self._is_over or now_ns - self._refill_ns >= REFILL_NS:
            self._is_over = True
            self._refill_ns = now_ns
            self._report(self.exchange.restore(), now_ns)
            self._publisher.send_multipart(END, zmq.NOBLOCK)

    def _send_marks(self, now_ns: int) -> None:
        """A MARK of each security that has a price, even if it is the same: it is not stale."""
        marks = []
        for security_id, book in self.exchange.books.items():
            price = self.exchange.mark(security_id)
            if price != NO_PRICE:
                bid, ask = book.bids.top(), book.asks.top()
                mark = wire.market_data(Kind.MARK, security_id, price=price, bid=bid, ask=ask)
                marks.append(mark)
        if marks:
            self.front.put_all(wire.market(marks), now_ns)

    def _answer(self, question: Question, now_ns: int) -> None:
        try:
            body = msgspec.json.decode(question.text, type=dict[str, str])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            body = {}
        request = body.get("request")
        if request == "start":
            self._start(now_ns)
        if request == "statement":
            answer = statement(self._settings, self.exchange, self.front.incarnation)
        elif request in ("start", "status"):
            answer = status(
                self._settings,
                self._feed,
                self.front.channels.values(),
                now_ns=now_ns,
                is_over=self._is_over,
                counters=self.front.counters | self.counters,
            )
        else:
            answer = {"error": f"request {request!r}; expected statement, status or start"}
        self.front.answer(question, answer)

    def _start(self, now_ns: int) -> None:
        """Starts the tape; a second start changes nothing."""
        if self._feed is None or self._feed.is_started:
            return
        self._feed.start(now_ns)
        for security_id, contract in self._feed.contracts.items():
            self.exchange.list_contract(security_id, contract)
        for security_id in self._feed.sessionless():
            self.exchange.books[security_id].is_open = True

    def _latency_ns(self) -> int:
        low_us, high_us = self._settings.latency_us
        return self._random.randint(low_us * 1000, high_us * 1000)
