"""The engine inside a trading program: risk in its process, the channels in processes beside it."""
