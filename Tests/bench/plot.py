"""The plot of a page in docs/performance: CPU per cached answer, as SVG that reads well on a light and on a dark page."""

from html import escape
from statistics import median

from servers import FLOOR, HAPROXY, LARDER, NEWER, NGINX, VARNISH

# Larder alone stands out; the order is the same in every group. Each has contrast on white and on near black.
COLOURS = {LARDER: "#0a84c1", HAPROXY: "#c2621d", VARNISH: "#8f63c9", NGINX: "#2f9152", FLOOR: "#808890"}
COLOURS |= {newer: COLOURS[name] for name, newer in NEWER.items()}
CONNECTIONS = "32"
WIDTH, LEFT, RIGHT, TOP, BAR, GAP, HEAD = 760, 78, 120, 52, 15, 20, 22
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 14px; } .case { font-weight: 600; } .quiet { fill: #57606a; }
.whisker { stroke: #24292f; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .quiet { fill: #9aa4af; } .whisker { stroke: #e6edf3; }
}
"""


def draw(values: dict) -> str:
    """Each case on a scale of its own, since they differ by the size of the body; whiskers show the least and the most."""
    parts, y = [], TOP
    for case, by_connections in values.items():
        by_server = by_connections.get(CONNECTIONS) or next(iter(by_connections.values()))
        cpu = {name: [one["cpu"] for one in rounds] for name, rounds in by_server.items()}
        scale = (WIDTH - LEFT - RIGHT) / max(max(some) for some in cpu.values())
        parts.append(f'<text class="case" x="{LEFT}" y="{y + 12}">{escape(case)}</text>')
        y += HEAD
        for name, some in cpu.items():
            middle = y + BAR / 2 - 1
            length, least, most = (value * scale for value in (median(some), min(some), max(some)))
            parts.append(f'<text class="quiet" x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>')
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 3}" rx="1.5" fill="{COLOURS[name]}"/>')
            parts.append(f'<path class="whisker" d="M{LEFT + least:.1f} {middle}H{LEFT + most:.1f}"/>')
            parts.append(f'<text x="{LEFT + max(length, most) + 8:.1f}" y="{y + 11}">{median(some):.1f} us</text>')
            y += BAR
        y += GAP
    title = "CPU time per cached answer, 32 connections: shorter is better"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img">'
        f"<title>{title}</title><style>{STYLE}</style>"
        f'<text class="title" x="{LEFT}" y="20">{title}</text>'
        f'<text class="quiet" x="{LEFT}" y="38">The median of the rounds; the line shows the least and the most. '
        f"Each answer has a scale of its own.</text>\n" + "\n".join(parts) + "\n</svg>\n")
