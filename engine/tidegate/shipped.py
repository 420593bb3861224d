"""Where what is shipped beside the modules lies: in the package, or in the tree around it."""

from pathlib import Path

PACKAGE = Path(__file__).parent
SOURCE_TREE = PACKAGE.parents[1]


def declarations() -> Path:
    """The directory of tidegate/native/*.pxd and *.h."""
    if (PACKAGE / "native" / "embedded.pxd").exists():
        return PACKAGE.parent
    return SOURCE_TREE / "ext"


def configs() -> Path:
    """The directory of the configs that come with the program."""
    inside = PACKAGE / "configs"
    return inside if inside.exists() else SOURCE_TREE / "configs"
