"""Tidegate: order, risk and routing engine between sub-accounts and their venues."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tidegate import shipped

if TYPE_CHECKING:
    from tidegate import aio
    from tidegate.client.blocking import Client
    from tidegate.client.market_data import MarketData
    from tidegate.client.orders import NewOrder
    from tidegate.client.report import Order, Report
    from tidegate.embedded.engine import Engine
    from tidegate.native.order_entry import Verdict

__all__ = [
    "Client",
    "Engine",
    "MarketData",
    "NewOrder",
    "Order",
    "Report",
    "Verdict",
    "aio",
    "get_include",
]

_HOMES = {
    "Client": "tidegate.client.blocking",
    "Engine": "tidegate.embedded.engine",
    "MarketData": "tidegate.client.market_data",
    "NewOrder": "tidegate.client.orders",
    "Order": "tidegate.client.report",
    "Report": "tidegate.client.report",
    "Verdict": "tidegate.native.order_entry",
}


def get_include() -> str:
    """Where Cython finds tidegate/native/*.pxd; the headers are in tidegate/native below it."""
    return str(shipped.declarations())


def __getattr__(name: str) -> Any:
    """Loads what is asked for when it is: `import tidegate` alone loads nothing."""
    if name == "aio":
        return import_module("tidegate.aio")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
