"""Pictures of measurements; matplotlib is needed only where one is drawn."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pokerjax.checks import check_output
from pokerjax.config import UserError, require

MOST_WITHIN = 6  # names that a legend has room for beside the curves; with more it stands outside


def check_picture(flag: str, path: Path) -> None:
    """Raise `UserError` unless matplotlib could draw to that path, before anything is computed for a picture."""
    check_output(flag, path)
    if importlib.util.find_spec("matplotlib") is None:
        raise UserError(f"{flag} {path} needs matplotlib: pip install -e '.[plot]'.")
    from matplotlib.backend_bases import FigureCanvasBase

    endings = sorted(FigureCanvasBase.get_supported_filetypes())
    known = path.suffix.lower().removeprefix(".") in endings
    require(known, f"{flag} {path} must end in a format that matplotlib writes, such as .png or .svg.")


@contextlib.contextmanager
def picture(path: Path, title: str) -> Iterator[Any]:
    """The axes of a picture that is written to `path` at the end; the file's ending names the format.

    Raises `UserError` when matplotlib is not installed, or the file cannot be written.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
        from matplotlib.ticker import EngFormatter
    except ImportError:
        raise UserError("--plot needs matplotlib: pip install -e '.[plot]'.") from None
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.xaxis.set_major_formatter(EngFormatter())
    try:
        yield axes
        names = axes.get_legend_handles_labels()[1]
        if len(names) > MOST_WITHIN:
            figure.set_figwidth(9.5)
            axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
        else:
            axes.legend(fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise UserError(f"--plot {path} cannot be written: {error}.") from None
    finally:
        pyplot.close(figure)
