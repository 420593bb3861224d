"""What a session is told of its world when it begins: handles of all that it may name."""

from msgspec import structs

from tidegate import session_messages as messages
from tidegate.universe import Session, Universe


def terms(universe: Universe) -> list[messages.InstrumentTerms]:
    """What a client must know of each instrument, in the order of handles."""
    return [
        messages.InstrumentTerms(
            handle=instrument.handle,
            symbol=instrument.symbol,
            venue=universe.venues[instrument.venue - 1].name,
            venue_code=instrument.venue_code,
            product=instrument.product,
            currency=universe.currencies[instrument.currency - 1].code,
            tick_size=str(instrument.tick_size),
            multiplier=str(instrument.multiplier),
        )
        for instrument in universe.instruments
    ]


def reply(
    universe: Universe,
    session: Session,
    instruments: list[messages.InstrumentTerms],
    started_ns: int,
) -> messages.LogonReply:
    """A strategy learns its own accounts, an operator every name there is."""
    found = messages.LogonReply(
        session=session.handle,
        accounts={universe.accounts[at - 1].name: at for at in session.accounts},
        instruments=instruments,
        heartbeat_ns=session.heartbeat_ns,
        started_ns=started_ns,
    )
    if session.role != "operator":
        return found
    return structs.replace(
        found,
        role=session.role,
        accounts={row.name: row.handle for row in universe.accounts},
        products={row.name: row.product_index + 1 for row in universe.products},
        currencies={row.code: row.handle for row in universe.currencies},
        venues={row.name: row.handle for row in universe.venues},
        sessions={row.name: row.handle for row in universe.sessions},
    )
