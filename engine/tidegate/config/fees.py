"""Fees of instruments by tier: the exchange's own, plus a broker's markup (CONTROLS.md 17).

Tier 0 is the exchange's own fee; the others are numbered in the order of their first mention.
"""

from collections.abc import Iterable

from tidegate.config import units
from tidegate.config.names import attempt, duplicates
from tidegate.config.problems import Problems
from tidegate.config.schema import DataFile
from tidegate.config.schema_data import FeeSchedule, ProductFee, Tier
from tidegate.universe import Fee

TIERS_MAX = 255
PPM_MAX = 1_000_000
# schedule -> product -> the fee of each tier
Fees = dict[str, dict[str, tuple[Fee, ...]]]


def resolve_tiers(files: Iterable[DataFile], problems: Problems) -> dict[str, int]:
    """All tiers by name, from 1."""
    names = dict.fromkeys(
        tier.name
        for file in files
        for schedule in file.tables.fee_schedules
        for tier in schedule.tiers
    )
    if len(names) > TIERS_MAX:
        problems.add("fee_schedules", f"{len(names)} tiers; expected at most {TIERS_MAX}")
    return {name: number for number, name in enumerate(names, 1)}


def resolve_fees(files: Iterable[DataFile], tiers: dict[str, int], problems: Problems) -> Fees:
    """Every schedule's fees, for each tier; a tier that a schedule lacks pays the exchange's."""
    found: Fees = {}
    for file in files:
        inner = problems.within(str(file.file))
        for index, schedule in enumerate(file.tables.fee_schedules):
            where = f'fee_schedules[{index}] "{schedule.name}"'
            if schedule.name in found:
                inner.add(where, "defined twice; expected each once")
            found[schedule.name] = resolve_schedule(schedule, where, tiers, inner)
    return found


def resolve_schedule(
    schedule: FeeSchedule, where: str, tiers: dict[str, int], problems: Problems
) -> dict[str, tuple[Fee, ...]]:
    products = [row.product for row in schedule.products]
    duplicates(f"{where}.products", "product", products, problems)
    scopes = [f"{tier.name} of {tier.product or 'all'}" for tier in schedule.tiers]
    duplicates(f"{where}.tiers", "name", scopes, problems)
    for tier in schedule.tiers:
        if tier.product is not None and tier.product not in products:
            problems.add(
                f'{where}.tiers "{tier.name}".product',
                f"{tier.product!r} is not in the schedule; expected one of its products",
            )
    found = {}
    for row in schedule.products:
        at = f'{where}.products "{row.product}"'
        own = exchange_fee(row, at, problems)
        markups = {tier.name: tier for tier in schedule.tiers if tier.product is None}
        markups |= {tier.name: tier for tier in schedule.tiers if tier.product == row.product}
        found[row.product] = (
            own,
            *(
                marked_up(own, markups[name], f'{where}.tiers "{name}"', problems)
                if name in markups
                else own
                for name in tiers
            ),
        )
    return found


def exchange_fee(row: ProductFee, where: str, problems: Problems) -> Fee:
    return Fee(
        open_lot=attempt(units.money, (row.open_per_lot,), f"{where}.open_per_lot", problems),
        open_ppm=row.open_ppm,
        close_lot=attempt(units.money, (row.close_per_lot,), f"{where}.close_per_lot", problems),
        close_ppm=row.close_ppm,
        close_today_lot=attempt(
            units.money, (row.close_today_per_lot,), f"{where}.close_today_per_lot", problems
        ),
        close_today_ppm=row.close_today_ppm,
    )


def marked_up(own: Fee, tier: Tier, where: str, problems: Problems) -> Fee:
    """The exchange's fee plus the tier's markup; close-today has its own where it is stated."""
    lot = attempt(units.money, (tier.per_lot,), f"{where}.per_lot", problems)
    today_lot, today_ppm = lot, tier.ppm
    if tier.close_today_per_lot is not None:
        today_lot = attempt(
            units.money, (tier.close_today_per_lot,), f"{where}.close_today_per_lot", problems
        )
    if tier.close_today_ppm is not None:
        today_ppm = tier.close_today_ppm
    fee = Fee(
        open_lot=own.open_lot + lot,
        open_ppm=own.open_ppm + tier.ppm,
        close_lot=own.close_lot + lot,
        close_ppm=own.close_ppm + tier.ppm,
        close_today_lot=own.close_today_lot + today_lot,
        close_today_ppm=own.close_today_ppm + today_ppm,
    )
    if max(fee.open_ppm, fee.close_ppm, fee.close_today_ppm) > PPM_MAX:
        problems.add(f"{where}.ppm", "fee and markup together are over 100 % of the notional")
    return fee
