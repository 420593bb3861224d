"""The data tables of a config and of the files that it includes."""

from tidegate.config.problems import Problems
from tidegate.config.schema import Config, DataFile
from tidegate.config.schema_data import DataTables, DayLimits


def data_files(config: Config) -> tuple[DataFile, ...]:
    """The config's own data tables, then those of the files that it includes."""
    tables = config.tables
    own = DataTables(
        holiday_lists=tables.holiday_lists,
        calendars=tables.calendars,
        fee_schedules=tables.fee_schedules,
        day_limits=tables.day_limits,
        margin_rates=tables.margin_rates,
    )
    return DataFile(file=config.file, tables=own), *config.included


def resolve_day_limits(files: tuple[DataFile, ...], problems: Problems) -> dict[str, DayLimits]:
    """All [[day_limits]] by name."""
    found: dict[str, DayLimits] = {}
    for file in files:
        inner = problems.within(str(file.file))
        for index, row in enumerate(file.tables.day_limits):
            where = f'day_limits[{index}] "{row.name}"'
            if row.name in found:
                inner.add(where, "defined twice; expected each once")
            if (row.large_cancels is None) != (row.large_cancel_qty is None):
                inner.add(f"{where}.large_cancels", "expected large_cancels and large_cancel_qty")
            if row.order_to_trade_floor and row.order_to_trade is None:
                inner.add(f"{where}.order_to_trade_floor", "given without order_to_trade")
            found[row.name] = row
    return found
