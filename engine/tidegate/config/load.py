"""Reads a config file against schema.py and names every key that does not fit."""

import tomllib
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from tidegate.config.fields import Strict
from tidegate.config.problems import Problems, expected
from tidegate.config.schema import Config, DataFile, Tables
from tidegate.config.schema_data import DataTables
from tidegate.errors import ConfigError

FILE_SIZE_MAX = 4 << 20
INCLUDES_MAX = 64
NAME_KEYS = ("name", "symbol", "code")


def load(path: Path) -> Config:
    """The config in `path` with what it includes; ConfigError lists every key that is unknown,
    missing or wrong."""
    content = read_toml(path)
    problems = Problems(str(path))
    scan_table(content, Tables, "", problems)
    problems.raise_any()
    tables = msgspec.convert(content, Tables)
    if len(tables.include) > INCLUDES_MAX:
        problems.add("include", f"{len(tables.include)} files; expected at most {INCLUDES_MAX}")
        problems.raise_any()
    included = []
    for name in dict.fromkeys(tables.include):
        data = (path.parent / name).resolve()
        if not data.is_file():
            problems.add(
                "include", f"no file {data}; expected a data file, its path relative to the config"
            )
            continue
        content = read_toml(data)
        inner = problems.within(str(data))
        found = len(problems.found)
        scan_table(content, DataTables, "", inner)
        if len(problems.found) == found:
            included.append(DataFile(file=data, tables=msgspec.convert(content, DataTables)))
    problems.raise_any()
    return Config(file=path.absolute(), tables=tables, included=tuple(included))


def read_toml(path: Path) -> dict[str, Any]:
    """What stands in a TOML file, or a ConfigError."""
    try:
        if path.stat().st_size > FILE_SIZE_MAX:
            raise ConfigError(f"{path}: larger than {FILE_SIZE_MAX} bytes; expected a TOML config")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def scan_table(value: Any, table: type[Strict], where: str, problems: Problems) -> None:
    """Compare one table with its schema, key by key."""
    if not isinstance(value, dict):
        problems.add(where, f"expected a table of {table.__name__}, got {shown(value)}")
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(table)}
    for key in value:
        if key not in fields:
            problems.add(join(where, key), f"unknown key; {expected(key, fields)}")
    for name, field in fields.items():
        if name in value:
            scan(value[name], field.type, join(where, name), problems)
        elif field.required:
            problems.add(join(where, name), "missing; " + first_line(table, where))


def scan(value: Any, kind: Any, where: str, problems: Problems) -> None:
    """Compare one value with its type; arrays and tables entry by entry."""
    inner, args = strip(kind)
    if isinstance(inner, type) and issubclass(inner, Strict):
        scan_table(value, inner, where, problems)
    elif get_origin(inner) is list and is_table(args[0]) and isinstance(value, list) and value:
        for index, item in enumerate(value):
            scan_table(item, args[0], item_path(where, index, item), problems)
    elif get_origin(inner) is dict and isinstance(value, dict) and value:
        for key, item in value.items():
            scan(item, args[1], join(where, key), problems)
    else:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            wanted = described(kind) or readable(error)
            problems.add(where, f"expected {wanted}, got {shown(value)}")


def strip(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without its Annotated, and its arguments."""
    inner = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    return inner, get_args(inner)


def is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Strict)


def item_path(where: str, index: int, item: Any) -> str:
    """`accounts[3] "cme-001"`: the place in the file's array, counted from 0, and the name."""
    name = isinstance(item, dict) and next(filter(None, map(item.get, NAME_KEYS)), None)
    return f'{where}[{index}] "{name}"' if isinstance(name, str) else f"{where}[{index}]"


def join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def first_line(table: type[Strict], where: str) -> str:
    """What the schema says of a table, to show with a missing key; the file's own has no name."""
    required = [field.encode_name for field in msgspec.structs.fields(table) if field.required]
    return f"{table.__name__ if where else 'a config'} needs {', '.join(required)}"


def described(kind: Any) -> str | None:
    """What the schema says of a type in words, if it does."""
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    found = [meta.description for meta in getattr(kind, "__metadata__", ()) if meta.description]
    return found[0] if found else next(filter(None, map(described, get_args(kind))), None)


def readable(error: msgspec.ValidationError) -> str:
    """What msgspec expected, without its quotes and its path."""
    text = str(error).partition(" - at ")[0].partition(", got ")[0]
    return text.removeprefix("Expected ").replace("`", "")


def shown(value: Any) -> str:
    """A value as the user wrote it, shortened."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"
