"""A client's process dies, and another takes its session up.

What it wrote down before it sent it is still there: each record. What had come back is forgotten
and must be learnt again, from the reports that the gateway gives once more from the first on. The
logon says up to which number records were taken; what is beyond never was, and never will be.
"""

from tidegate.client.core import SessionCore
from tidegate.simulation.operator import Operator
from tidegate.simulation.trader import Trader


class Return:
    """One client from the death of a process to the logon of the next."""

    def __init__(self, client: Trader | Operator, due_ns: int) -> None:
        self.client = client
        self.due_ns = due_ns
        self._sent = client.core.kept
        client.link.die()

    def begin(self) -> None:
        """The next process starts."""
        client = self.client
        client.core = SessionCore(client.core.name, resume=True)
        client.forget()
        client.link.live()

    def is_over(self) -> bool:
        """Whether the new process has logged on; it has then been told what was never taken."""
        core = self.client.core
        if self.client.link.is_dead or core.reply is None:
            return False
        # It may have sent something since: the first number of these is what the logon said.
        again = core.kept
        first = again[0][0] if again else core.next_sending
        self.client.never_sent(first, self._sent, [record for _, record in again])
        return True
