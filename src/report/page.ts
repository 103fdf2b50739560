import { CHART_STYLE, escapeText } from './chart.ts';
import { PAGE_STYLE } from './style.ts';

export interface Page {
  /** As text. */
  readonly title: string;
  /** As HTML. */
  readonly body: string;
  readonly style?: string;
  /** Whether there are pictures, as data within the page. */
  readonly pictures?: boolean;
}

/** An HTML page that loads and runs nothing, by its own policy. */
export function htmlPage({ title, body, style = '', pictures = false }: Page): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'${pictures ? '; img-src data:' : ''}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>
${[CHART_STYLE, PAGE_STYLE, style].filter(Boolean).join('\n')}
</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** Names and texts one below the other. */
export function factList(facts: readonly (readonly [name: string, text: string])[]): string {
  const rows = facts.map(
    ([name, text]) => `<div><dt>${escapeText(name)}</dt><dd>${escapeText(text)}</dd></div>`,
  );
  return `<dl>${rows.join('')}</dl>`;
}

export function figure(caption: string, content: string, note = ''): string {
  const foot = note ? `<p class="note">${escapeText(note)}</p>` : '';
  return `<figure><figcaption>${escapeText(caption)}</figcaption>${content}${foot}</figure>`;
}

/** A part of a page with its figures side by side where there is room; nothing without figures. */
export function section(
  id: string,
  title: string,
  figures: readonly string[],
  { text = '', below = '' } = {},
): string {
  if (figures.length === 0 && !below) return '';
  const intro = text ? `<p>${escapeText(text)}</p>` : '';
  return `<section id="${escapeText(id)}">
<h2>${escapeText(title)}</h2>
${intro}<div class="figures">${figures.join('\n')}</div>
${below}
</section>`;
}

/** A table that opens on demand; the first column is text. */
export function foldedTable(
  summary: string,
  head: readonly string[],
  body: readonly (readonly string[])[],
): string {
  return `<details><summary>${escapeText(summary)}</summary>${htmlTable(head, body)}</details>`;
}

export function htmlTable(head: readonly string[], body: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map((t) => `<${tag}>${escapeText(t)}</${tag}>`).join('');
  const lines = body.map((texts) => `<tr>${cells('td', texts)}</tr>`);
  return `<div class="wide"><table>
<thead><tr>${cells('th', head)}</tr></thead>
<tbody>${lines.join('\n')}</tbody></table></div>`;
}
