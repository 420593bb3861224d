"""What became of an operator's request, as one sentence or as JSON."""

from typing import Any

from tidegate.client.report import ControlAnswer
from tidegate.explain.units import Speaker
from tidegate.native.records import Kind, Reason

REFUSALS = {
    Reason.CONTROL_REFUSED: "risk refuses it whole",
    Reason.CONTROL_NOT_ALLOWED: "this session is no operator's",
    Reason.LANE_FULL: "risk is behind and takes nothing now",
}
NOTHING_TO_DECIDE = (
    "; `tidegate inspect RUN_DIR breaks` shows what stands: lots or money can be dismissed, an "
    "order is ended with `adjust order`"
)


def sentence(what: str, answer: ControlAnswer, speaker: Speaker) -> str:
    """What became of a request, in one sentence."""
    if not answer.is_done:
        assert answer.reason is not None
        why = REFUSALS.get(answer.reason, answer.reason.name)
        if answer.reason == Reason.CONTROL_REFUSED:
            if answer.ref_kind == Kind.ADJUSTMENT:
                why += NOTHING_TO_DECIDE
            elif answer.ref_kind == Kind.DAY_ROLL and answer.asked == 0:
                why += ", for it is no date or not after the last day that ended"
        return f"Refused that {what}: {why}{numbers(answer, speaker)}."
    if answer.ref_kind == Kind.KILL:
        what += f"; {answer.limit} orders canceled, {answer.asked} were being canceled already"
    return f"Done: {what} (request {answer.request_id})."


def numbers(answer: ControlAnswer, speaker: Speaker) -> str:
    """What was compared; of cash in money."""
    if not (answer.limit or answer.used or answer.asked):
        return ""
    if answer.ref_kind == Kind.DAY_ROLL:
        first = speaker.instrument(answer.asked)
        named = first.symbol if first else f"instrument {answer.asked}"
        return f" ({answer.used} instruments with lots are not settled, the first is {named})"
    values = [str(number) for number in (answer.limit, answer.used, answer.asked)]
    if answer.ref_kind in (Kind.CASH, Kind.TRANSFER):
        values = [
            speaker.money(number, None) for number in (answer.limit, answer.used, answer.asked)
        ]
    limit, used, asked = values
    return f" (limit {limit}, used {used}, asked {asked})"


def as_words(what: str, answer: ControlAnswer) -> dict[str, Any]:
    """The answer as JSON has it; numbers as records have them."""
    return {
        "what": what,
        "done": answer.is_done,
        "request_id": answer.request_id,
        "kind": answer.ref_kind.name if answer.ref_kind else None,
        "reason": answer.reason.name if answer.reason else None,
        "limit": answer.limit,
        "used": answer.used,
        "asked": answer.asked,
    }
