"""The style of the tear sheet: the workbench's tokens, in the theme that the reader prefers; paper is light."""

from __future__ import annotations

from dashboard.theme import tokens

_RULES = """
* { box-sizing: border-box; }
body { margin: 0; padding: 28px 20px 48px; background: var(--bg); color: var(--text); font: 14px/1.45 var(--font);
       font-variant-numeric: tabular-nums; -webkit-font-smoothing: antialiased; }
main { max-width: 1040px; margin: 0 auto; display: grid; gap: 14px; }
header h1 { margin: 0; font-size: 22px; font-weight: 600; letter-spacing: -.015em; }
header p { margin: 4px 0 0; color: var(--muted); font-size: 13px; }
header code { font-size: 12px; overflow-wrap: anywhere; }
code, pre { font-family: var(--mono); }
section { border: 1px solid var(--line); border-radius: 8px; background: var(--surface); padding: 10px 14px 12px;
          break-inside: avoid; min-width: 0; }
h2 { margin: 0 0 8px; font-size: 13px; font-weight: 600; }
h2 small { margin-left: 8px; color: var(--muted); font-size: 12px; font-weight: 400; }
h3 { margin: 14px 0 4px; font-size: 12.5px; font-weight: 600; }
.kpis { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); padding: 0; overflow: hidden; }
.kpis div { padding: 9px 12px; border-right: 1px solid var(--line); min-width: 0; }
.kpis div:last-child { border: 0; }
.kpis span { display: block; color: var(--muted); font-size: 11.5px; white-space: nowrap; }
.kpis b { display: block; font-size: 18px; font-weight: 600; letter-spacing: -.02em; white-space: nowrap; }
.kpis i { color: var(--faint); font-size: 11.5px; font-style: normal; white-space: nowrap; }
.gain { color: var(--gain); }
.loss { color: var(--loss); }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; align-items: start; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--muted); font-size: 12px; }
.grid { stroke: var(--line); stroke-dasharray: 3 3; }
.axis { stroke: var(--line-strong); }
.low { fill: var(--loss); opacity: .7; }
.high { fill: var(--gain); opacity: .7; }
.legend { float: right; display: flex; gap: 14px; color: var(--muted); font-size: 12px; font-weight: 400; }
.legend i { display: inline-block; width: 14px; margin-right: 6px; border-top: 2px solid; vertical-align: middle; }
.legend .dotted { border-top-style: dotted; }
table { width: 100%; border-collapse: collapse; font-size: 12.5px; }
th { padding: 4px 8px; border-bottom: 1px solid var(--line); color: var(--muted); font-size: 11.5px; font-weight: 500;
     text-align: right; white-space: nowrap; }
td { padding: 4px 8px; border-bottom: 1px solid color-mix(in srgb, var(--line) 55%, transparent); text-align: right;
     white-space: nowrap; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
th:last-child, td:last-child { padding-right: 0; }
tr:last-child td { border: 0; }
.even table { table-layout: fixed; margin-bottom: 12px; }
.even th:first-child { width: 22%; }
.months td { padding: 4px 6px; }
.months td:last-child { font-weight: 600; }
.scroll { overflow-x: auto; }
ul { margin: 0; padding: 0; list-style: none; }
.findings li { display: grid; grid-template-columns: 14px 1fr auto; gap: 8px; padding: 5px 0; font-size: 12.8px;
               border-bottom: 1px solid color-mix(in srgb, var(--line) 55%, transparent); align-items: baseline; }
.findings li:last-child { border: 0; }
.findings b { font-weight: 600; white-space: nowrap; }
.findings small { grid-column: 2 / 4; margin-top: -6px; color: var(--muted); font-size: 12px; }
.dot { width: 8px; height: 8px; border-radius: 50%; background: var(--gain); }
.dot.doubtful { background: var(--warn); border-radius: 2px; }
.dot.bad { background: var(--bad); border-radius: 0; transform: rotate(45deg); }
.notes li { padding: 3px 0 3px 18px; position: relative; color: var(--muted); font-size: 12.5px; }
.notes li::before { content: ""; position: absolute; left: 1px; top: 10px; width: 6px; height: 6px; border-radius: 2px;
                    background: var(--warn); }
p { margin: 0 0 8px; font-size: 13px; }
pre { margin: 0; overflow-x: auto; font-size: 12px; line-height: 1.4; }
footer { color: var(--faint); font-size: 12px; }
@media (max-width: 800px) {
  .kpis { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .two { grid-template-columns: minmax(0, 1fr); }
}
@page { size: A4; margin: 12mm; }
@media print {
  body { padding: 0; }
  td, .dot { print-color-adjust: exact; }
  section, tr { break-inside: avoid; }
  .kpis { grid-template-columns: repeat(8, minmax(0, 1fr)); }
  .two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .scroll { overflow: visible; }
}
"""


def style() -> str:
    """The content of the sheet's style element."""
    light, dark = (_block(tokens()[mode]) for mode in ("light", "dark"))
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{_RULES}"


def _block(values: object) -> str:
    assert isinstance(values, dict)
    return " ".join(f"--{name}: {value};" for name, value in values.items())
