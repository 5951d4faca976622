"""What the game in the shell looks like: on a terminal the seats in a panel, coloured suits and bars, else plain text.

It is told everything in words by `terminal.Game` and holds no cards of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pokerjax import poker

_SUITS = {"c": "♣", "d": "♦", "h": "♥", "s": "♠"}
_STYLES = {"♣": "green", "♦": "bright_blue", "♥": "red", "♠": "bold"}  # four colours tell flushes apart
_SMALL = 0.05  # probabilities below it share a bar
_BAR = 24  # columns of a probability of 1
_WIDEST = 64  # columns of the panel, on wide terminals too


class SeatRow(NamedTuple):
    """What everybody at the table sees of a seat, and the cards if the human may see them."""

    name: str
    position: str
    stack: int  # chips behind
    bet: int  # chips on this street
    folded: bool
    cards: str


class View:
    """Writes to a stream; `rich` says whether it is a terminal that shows panels and colours."""

    def __init__(self, out: TextIO):
        """Panels need a terminal that moves its cursor (not TERM=dumb) and UTF-8; NO_COLOR is obeyed."""
        self._out = out
        self.suits = "utf" in (getattr(out, "encoding", None) or "utf-8").lower()
        self.rich = self.suits and out.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        self._console = Console(file=out, highlight=False, force_terminal=self.rich, soft_wrap=not self.rich)

    def cards(self, cards: Iterable[Any]) -> str:
        """Cards with the signs of the suits where they can be printed."""
        names = [poker.card_name(int(card)) for card in cards]
        return " ".join(name[0] + _SUITS[name[1]] if self.suits else name for name in names)

    def say(self, text: str, *, style: str = "", end: str = "\n") -> None:
        """A line or several."""
        if self.rich:
            self._console.print(_coloured(text, style), end=end)
        else:
            print(text, end=end, file=self._out)
        self._out.flush()

    def head(self, title: str) -> None:
        """The beginning of a hand."""
        rule = "─" if self.suits else "-"
        width = min(self._console.width, _WIDEST) if self.rich else 60
        self.say(f"\n{f'{rule * 2} {title} ':{rule}<{width}}", style="bold")

    def table(self, seats: Sequence[SeatRow], *, board: str, pot: int) -> None:
        """The table at the human's turn; plain text goes without, since each line says what changed."""
        if not self.rich:
            return
        grid = Table(box=None, expand=True, padding=(0, 1), header_style="dim")
        for title in ("player", "seat", "stack", "bet", ""):
            grid.add_column(title, justify="right" if title in ("stack", "bet") else "left", no_wrap=True)
        for seat in seats:
            last = Text("folded") if seat.folded else _coloured(seat.cards)
            bet = f"{seat.bet:,}" if seat.bet else ""
            style = "dim" if seat.folded else ""
            grid.add_row(Text(seat.name), seat.position, f"{seat.stack:,}", bet, last, style=style)
        title = _coloured(f" {board}   pot {pot:,} " if board else f" pot {pot:,} ")
        width = min(self._console.width, _WIDEST)
        self._console.print(Panel(grid, title=title, box=box.ROUNDED, border_style="dim", width=width))

    def thought(self, where: str, shares: Mapping[str, float], value_bb: float) -> None:
        """What an agent had in mind at a decision: the likeliest action first."""
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        if not self.rich:
            mix = ", ".join(f"{name} {share:.0%}" for name, share in ranked)
            self.say(f"  {where}: {mix}; expects {value_bb:+.1f} bb")
            return
        self.say(f"  {where}; expects {value_bb:+.1f} bb")
        bars = Table(box=None, show_header=False, padding=(0, 1))
        shown = [(name, share) for name, share in ranked if share >= _SMALL]
        if len(shown) < len(ranked) and (rest := 1 - sum(share for _, share in shown)) >= 0.005:  # less would read 0%
            shown.append(("others", rest))
        for name, share in shown:
            filled = round(_BAR * share)
            bar = Text("█" * filled, "cyan") + Text("░" * (_BAR - filled), "dim")
            bars.add_row(Text(name), bar, f"{share:.0%}")
        self._console.print(Padding(bars, (0, 0, 0, 3)))


def _coloured(text: str, style: str = "") -> Text:
    """Cards in the colour of their suit, the keys of a question, as in [f]old, in bold."""
    line = Text(text, style)
    for sign, colour in _STYLES.items():
        line.highlight_regex(rf"[2-9TJQKA]{sign}", f"not dim {colour}")
    line.highlight_regex(re.compile(r"\[\w\]"), "bold cyan")
    return line
