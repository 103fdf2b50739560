import { escapeText } from './chart.ts';
import { type ClassScore, type Confusion, classScores } from './classes.ts';
import { count, percent } from './terminal.ts';

export const MATRIX_STYLE = `
.matrix { font-size: 12px; }
.matrix th, .matrix td { padding: 3px 6px; text-align: center; border: 0; min-width: 30px; }
.matrix thead th { vertical-align: bottom; }
.matrix thead span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
.matrix tbody th { text-align: right; font-weight: 500; position: sticky; left: 0; background: var(--chart-surface); }
.matrix .zero { color: var(--chart-grid); }
@media (max-width: 480px) { .matrix { font-size: 11px; } .matrix th, .matrix td { padding: 3px 2px; min-width: 25px; } }
${Array.from({ length: 10 }, (_, i) => shade('hit', 0, i + 1) + shade('miss', 1, i + 1)).join('\n')}
`.trim();

function shade(kind: string, color: number, level: number): string {
  const share = kind === 'hit' ? 5 * level : 6 * level + 10;
  return `.${kind}${level} { background: color-mix(in srgb, var(--chart-${color}) ${share}%, var(--chart-surface)); }\n`;
}

/** True classes by row, predicted ones by column; the darker, the larger the share of the row. */
export function matrixHtml(matrix: Confusion, names: readonly string[]): string {
  const scores = classScores(matrix);
  const heads = [...names, 'found'].map((n) => `<th><span>${escapeText(n)}</span></th>`).join('');
  const rows = matrix.map((row, t) => {
    const { examples, recall: share } = scores[t] as ClassScore;
    const cells = Array.from(row, (n, p) => cell(n, n / examples, t === p));
    const recall = Number.isNaN(share) ? '–' : percent(share, 1);
    return `<tr><th>${escapeText(names[t] ?? '')}</th>${cells.join('')}<td>${recall}</td></tr>`;
  });
  return `<div class="wide"><table class="matrix">
<thead><tr><th></th>${heads}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function cell(n: number, share: number, hit: boolean): string {
  if (!n) return '<td class="zero">·</td>';
  const full = hit ? share : share * 5;
  const level = Math.max(1, Math.min(10, Math.ceil(full * 10)));
  return `<td class="${hit ? 'hit' : 'miss'}${level}">${escapeText(count(n))}</td>`;
}
