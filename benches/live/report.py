"""The table and the plot of the live measurements."""

import html
import math
import os
import platform
import time


def line(result):
    right = f", {result['right']:.1%} with the right owner" if "right" in result else ""
    return (f"{result['cpu']:.3f} s CPU of {result['seconds']:.1f} s, {result['rss']:.0f} MB, {result['wakes']:.0f} wake-ups/s, "
            f"{result['packets']} packets, {result['dropped']} dropped{right}")


def processor():
    with open("/proc/cpuinfo") as file:
        names = [text.split(":")[1].strip() for text in file if text.startswith("model name")]
    return f"{len(names)} × {names[0]}" if names else platform.machine()


def table(rows, loads, chosen):
    """Markdown: what it was measured on, then a table for each load."""
    out = [f"{time.strftime('%Y-%m-%d', time.gmtime())}, {processor()}, Linux {platform.release()}; "
           f"loads of {chosen.seconds} s, medians of {chosen.repeats} runs; build in {os.path.basename(chosen.crow)}; "
           f"load average {os.getloadavg()[1]:.1f}", ""]
    for load, title in loads.items():
        here = {tool: row for (name, tool), row in rows.items() if name == load}
        floor = here.get("tcpdump", {}).get("cpu")
        out += [f"**{load}**: {title}", "",
                "| tool | CPU s | % of a core | × tcpdump | ns a packet | peak RSS MB | wake-ups/s | dropped | right owner |",
                "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"]
        for tool, row in here.items():
            # Below a thousand packets, what a packet costs says nothing.
            each = f"{row['cpu'] / row['packets'] * 1e9:.0f}" if row["packets"] >= 1000 else "–"
            ratio = f"{row['cpu'] / floor:.1f}" if floor and floor >= 0.001 else "–"
            share = row["dropped"] / row["packets"] if row["packets"] else 0
            right = f"{row['right']:.1%}" if "right" in row else "–"
            out.append(f"| {tool} | {row['cpu']:.3f} | {row['cpu'] / row['seconds']:.2%} | {ratio} | {each} | {row['rss']:.0f} "
                       f"| {row['wakes']:.0f} | {row['dropped']:.0f} ({share:.1%}) | {right} |")
        out.append("")
    return "\n".join(out)


PALETTE = {"crow": "#2563eb", "crow-headless": "#7ba5f5", "tcpdump": "#9ca3af", "bandwhich": "#d97706", "nethogs": "#b45309",
           "rustnet": "#dc2626", "iftop": "#a3a380", "sniffnet": "#9333ea"}
WIDTH, BAR, GAP, LEFT, TOP = 900, 15, 26, 120, 56


def plot(rows, loads):
    """Share of a core for each load and tool, on a logarithmic scale."""
    share = {key: 100 * row["cpu"] / row["seconds"] for key, row in rows.items()}
    high = max([*share.values(), 1])
    low = 0.01
    scale = (WIDTH - LEFT - 120) / (math.log10(high) - math.log10(low))
    at = lambda percent: LEFT + scale * (math.log10(max(percent, low)) - math.log10(low))
    body, y = [], TOP
    for load in loads:
        tools = [tool for name, tool in rows if name == load]
        body.append(f'<text x="8" y="{y + BAR * len(tools) / 2 + 4:.0f}" class="load">{html.escape(load)}</text>')
        for tool in tools:
            end = at(share[load, tool])
            body.append(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" height="{BAR - 3}" '
                        f'fill="{PALETTE.get(tool, "#6b7280")}"/>')
            body.append(f'<text x="{end + 5:.1f}" y="{y + 10}">{tool} {share[load, tool]:.2g} %</text>')
            y += BAR
        y += GAP
    grid = []
    for power in range(-2, math.ceil(math.log10(high)) + 1):
        x = at(10**power)
        if x <= WIDTH - 40:
            grid.append(f'<line x1="{x:.1f}" y1="{TOP - 12}" x2="{x:.1f}" y2="{y - GAP}" stroke="#8884" />'
                        f'<text x="{x:.1f}" y="{TOP - 18}" text-anchor="middle">{10**power:g} %</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="11">'
            f'<style>text {{ fill: #555 }} .load, .title {{ font-weight: bold; font-size: 13px }}'
            f'@media (prefers-color-scheme: dark) {{ text {{ fill: #bbb }} }}</style>'
            f'<text x="8" y="18" class="title">Processor time under load, % of a core (logarithmic)</text>'
            + "".join(grid + body) + "</svg>\n")
