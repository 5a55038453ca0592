"""A table that fits the width it is given: columns that do not fit are left out, numbers are never cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

ALWAYS = 9


@dataclass(frozen=True, slots=True)
class Column:
    """A title and one cell a row; of the columns that do not fit, the lowest `keep` goes first."""

    title: str
    cells: Sequence[Text]
    right: bool = False
    keep: int = ALWAYS

    @property
    def width(self) -> int:
        return max(cell_len(self.title), *(cell.cell_len for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns to show, and how many cells stand between two of them."""

    columns: tuple[Column, ...]
    gap: int

    @property
    def width(self) -> int:
        return sum(column.width for column in self.columns) + self.gap * (len(self.columns) - 1)


def lay_out(columns: Sequence[Column], width: int) -> Layout:
    """The widest layout that fits: the first column goes, then the gaps narrow, then others go.

    Those to keep always stay, even where they do not fit.
    """
    first, *others = sorted({column.keep for column in columns})
    steps = [(2, first), *((gap, keep) for keep in others for gap in (2, 1))]
    layout = Layout(tuple(columns), 2)
    for gap, keep in steps:
        layout = Layout(tuple(column for column in columns if column.keep >= keep), gap)
        if layout.width <= width:
            break
    return layout


def draw(layout: Layout) -> Table:
    """The table, with a line under its titles."""
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, layout.gap - 1, 0, 0),
        header_style="dim",
        border_style="dim",
    )
    for column in layout.columns:
        table.add_column(
            column.title, justify="right" if column.right else "left", width=column.width, no_wrap=True
        )
    for row in zip(*(column.cells for column in layout.columns), strict=True):
        table.add_row(*row)
    return table
