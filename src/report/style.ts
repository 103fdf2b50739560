/** Look of pages; that of their charts is in `chart.ts`. */
export const PAGE_STYLE = `
* { box-sizing: border-box; }
html { color-scheme: light dark; }
body { margin: 0 auto; max-width: 1240px; padding: 16px; font: 15px/1.5 system-ui, sans-serif;
  color: var(--chart-ink); background: var(--chart-surface); }
h1 { font-size: 24px; margin: 8px 0 12px; }
h2 { font-size: 19px; margin: 36px 0 4px; padding-top: 12px; border-top: 1px solid var(--chart-grid); }
p { max-width: 75ch; margin: 4px 0 12px; color: var(--chart-muted); }
a { color: var(--chart-0); }
dl { margin: 0 0 12px; }
dl div { display: grid; grid-template-columns: 13em 1fr; gap: 8px; }
dt { color: var(--chart-muted); }
dd { margin: 0; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)); gap: 20px 28px; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-weight: 600; margin-bottom: 4px; }
.note { font-size: 13px; color: var(--chart-muted); }
details { margin-top: 12px; }
summary { cursor: pointer; color: var(--chart-muted); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 2px 10px 2px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--chart-grid); }
th:first-child, td:first-child { text-align: left; }
th { color: var(--chart-muted); font-weight: 500; }
@media (max-width: 480px) { dl div { grid-template-columns: 1fr; gap: 0; margin-bottom: 6px; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } nav, details { display: none; }
  .figures { grid-template-columns: 1fr 1fr; } }
`.trim();
