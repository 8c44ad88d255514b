"""Pictures as SVG, written by hand: bars and dots on axes that start at zero, legible on light and dark pages."""

from dataclasses import dataclass
from html import escape

WIDTH = 760
LABELS = 250
PLOT = WIDTH - LABELS - 90
BAR, GAP = 20, 8

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.panel { font-weight: 600; }
.note, .tick { fill: #59636e; }
.tick { font-size: 11px; }
.page { fill: #ffffff; }
.grid { stroke: #d1d9e0; }
.bar { fill: #8c959f; }
.ours { fill: #0969da; }
.mark { stroke: #bc4c00; stroke-width: 2.5; }
.dot { fill: #0969da; fill-opacity: .55; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .note, .tick { fill: #9198a1; }
  .page { fill: #0d1117; }
  .grid { stroke: #3d444d; }
  .bar { fill: #656c76; }
  .ours { fill: #4493f8; }
  .mark { stroke: #f0883e; }
  .dot { fill: #4493f8; }
}
"""


@dataclass(frozen=True)
class Bar:
    """A length with its name, and the mark that it should reach or stay below."""

    label: str
    value: float
    ours: bool = True
    mark: float | None = None


@dataclass(frozen=True)
class Panel:
    """Bars on one axis."""

    title: str
    unit: str
    bars: list


def bars(title, note, panels):
    """Horizontal bars, panel under panel, each with an axis of its own."""
    parts, y = [], 70
    for panel in panels:
        parts.append(text(16, y, panel.title, "panel"))
        top, y = y + 12, y + 20
        step = step_for(max([bar.value for bar in panel.bars] + [bar.mark or 0 for bar in panel.bars]))
        ticks = count_for(panel.bars, step)
        scale = PLOT / (ticks * step)
        height = len(panel.bars) * (BAR + GAP)
        parts += axis(top, y + height, step, ticks, scale, panel.unit)
        for bar in panel.bars:
            length = bar.value * scale
            parts.append(text(LABELS - 8, y + 15, bar.label, anchor="end"))
            parts.append(f'<rect class="{"ours" if bar.ours else "bar"}" x="{LABELS}" y="{y}" '
                         f'width="{length:.1f}" height="{BAR}" rx="2"/>')
            reach = max(length, (bar.mark or 0) * scale)
            parts.append(text(LABELS + reach + 6, y + 15, short(bar.value)))
            if bar.mark is not None:
                x = LABELS + bar.mark * scale
                parts.append(f'<line class="mark" x1="{x:.1f}" y1="{y - 3}" x2="{x:.1f}" y2="{y + BAR + 3}"/>')
            y += BAR + GAP
        y += 48
    return picture(title, note, parts, y - 24)


def dots(title, note, unit, rows):
    """One line for each name, with a dot for each of its values."""
    parts, y = [], 56
    largest = max(value for _, values in rows for value in values)
    step = step_for(largest)
    ticks = max(1, -int(-largest // step))
    scale = PLOT / (ticks * step)
    parts += axis(y - 6, y + len(rows) * 20, step, ticks, scale, unit)
    for label, values in rows:
        parts.append(text(LABELS - 8, y + 13, label, anchor="end"))
        parts += [f'<circle class="dot" cx="{LABELS + value * scale:.1f}" cy="{y + 9}" r="5"/>' for value in values]
        y += 20
    return picture(title, note, parts, y + 34)


def axis(top, bottom, step, ticks, scale, unit):
    parts = []
    for tick in range(ticks + 1):
        x = LABELS + tick * step * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(text(x, bottom + 14, short(tick * step), "tick", "middle"))
    parts.append(text(LABELS - 8, bottom + 14, unit, "tick", "end"))
    return parts


def picture(title, note, parts, height):
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" role="img">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
            f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="6"/>\n'
            f'{text(16, 24, title, "title")}\n{text(16, 42, note, "note")}\n{body}\n</svg>\n')


def text(x, y, words, kind="", anchor="start"):
    kind = f' class="{kind}"' if kind else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def step_for(largest):
    """The distance of ticks, of which there are four to eight or so: 1, 2 or 5 with zeros."""
    step = 10.0 ** -6
    while True:
        for factor in (1, 2, 5):
            if largest <= step * factor * 6:
                return step * factor
        step *= 10


def count_for(bars, step):
    """How many ticks cover all bars and marks."""
    largest = max([bar.value for bar in bars] + [bar.mark or 0 for bar in bars])
    return max(1, -int(-largest // step))


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 1e3:
        return f"{value / 1e3:.3g} k"
    return f"{value:.3g}"
