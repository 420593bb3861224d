"""An intraday change of SPAN arrays: from a margin file to staged records and one commit."""

import os
import shutil
from pathlib import Path

from tidegate.client.operator import Operator, next_epoch
from tidegate.client.report import ControlAnswer
from tidegate.errors import MarginError
from tidegate.run_dir import RunDir
from tidegate.span.scans import new_scans


class ArrayChange:
    """The arrays of a file for a run's SPAN instruments; MarginError where it does not fit."""

    def __init__(self, run_dir: RunDir, file: Path) -> None:
        self.run_dir = run_dir
        self.file = file
        universe = run_dir.read_universe()
        symbols = {row.handle: row.symbol for row in universe.instruments}
        self.arrays = {
            symbols[handle]: scan.values for handle, scan in new_scans(universe, file).items()
        }

    def carry_out(self, operator: Operator[ControlAnswer], why: str) -> ControlAnswer:
        """Keep a copy for the margin stage, then stage and commit; a refused change keeps none."""
        epoch = next_epoch()
        kept = keep(self.run_dir, self.file, epoch)
        answer = operator.margin_arrays(self.arrays, epoch=epoch, why=why)
        if not answer.is_done:
            kept.unlink()
        return answer


def keep(run_dir: RunDir, file: Path, epoch: int) -> Path:
    """Copy a file to the epoch's place, whole or not at all, and never over another."""
    kept = run_dir.margin_file(epoch)
    partial = kept.with_name(f"{kept.name}.{os.getpid()}.partial")
    try:
        run_dir.margin.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(file, partial)
        os.link(partial, kept)
    except FileExistsError:
        raise MarginError(
            f"{kept}: another change was asked for in this second; expected one, ask again"
        ) from None
    except OSError as error:
        raise MarginError(
            f"{kept}: {file} cannot be kept there ({error.strerror}); expected room for a copy"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
    return kept
