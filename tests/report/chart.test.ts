import { describe, expect, test } from 'vitest';
import { barChart, escapeText, lineChart } from '../../src/report/chart.ts';
import { axisNumber, type ScaleOptions, scaleOf } from '../../src/report/scale.ts';

describe('scale', () => {
  test.each<[string, number[], ScaleOptions, number[]]>([
    ['from zero', [3, 47], {}, [0, 10, 20, 30, 40, 50]],
    ['not from zero', [96, 104], { zero: false, ticks: 5 }, [96, 98, 100, 102, 104]],
    ['below zero', [-1, 1], { ticks: 5 }, [-1, -0.5, 0, 0.5, 1]],
    ['whole numbers', [1, 2], { zero: false, whole: true }, [1, 2]],
    ['one value', [5], {}, [0, 1, 2, 3, 4, 5]],
    ['zeros', [0, 0], {}, [0, 0.2]],
    ['decades', [0.02, 700], { kind: 'log' }, [0.01, 0.1, 1, 10, 100, 1000]],
    ['a part of a decade', [12, 45], { kind: 'log' }, [10, 20, 50]],
    ['doubling', [16, 256], { kind: 'log', base: 2 }, [16, 32, 64, 128, 256]],
    [
      'doubling, few ticks',
      [1, 1024],
      { kind: 'log', base: 2, ticks: 6 },
      [1, 4, 16, 64, 256, 1024],
    ],
    ['one value, logarithmic', [10], { kind: 'log' }, [10, 20]],
    ['zero on a logarithmic axis', [0, 3, 40], { kind: 'log' }, [2, 5, 10, 20, 50]],
    [
      'what is not finite',
      [Number.NaN, 1, Number.POSITIVE_INFINITY, 4],
      { ticks: 5 },
      [0, 1, 2, 3, 4],
    ],
    ['nothing', [], { kind: 'log' }, [1, 2]],
  ])('%s', (_, values, options, ticks) => {
    const scale = scaleOf(values, options);
    if (values.length && !values.every((v) => v === 0)) expect(scale.ticks).toEqual(ticks);
    expect(scale.at(scale.low)).toBe(0);
    expect(scale.at(scale.high)).toBe(1);
    const shown = values.filter((v) => Number.isFinite(v) && (v > 0 || scale.kind === 'linear'));
    for (const v of shown) {
      expect(scale.at(v)).toBeGreaterThanOrEqual(0);
      expect(scale.at(v)).toBeLessThanOrEqual(1);
    }
  });

  test('a logarithmic axis gives each factor the same length', () => {
    const { at } = scaleOf([1, 1000], { kind: 'log' });
    expect([1, 10, 100, 1000].map(at)).toEqual([0, 1 / 3, 2 / 3, 1].map((x) => expect.closeTo(x)));
  });

  test.each([
    [0, '0'],
    [0.05, '0.05'],
    [0.1 + 0.2, '0.3'],
    [1024, '1024'],
    [5000, '5k'],
    [1e4, '10k'],
    [2.5e6, '2.5M'],
    [3e9, '3G'],
    [1e-6, '1e-6'],
    [1e13, '1e13'],
    [-20_000, '-20k'],
  ])('%f is written %s', (x, text) => {
    expect(axisNumber(x)).toBe(text);
  });
});

/** Well-formed: every tag closed, no character that XML forbids in text. */
function checkXml(svg: string) {
  const open: string[] = [];
  for (const [, close, name, attributes, own] of svg.matchAll(/<(\/?)(\w+)([^<>]*?)(\/?)>/g)) {
    expect((attributes ?? '').replace(/\s[\w:-]+="[^"<&]*(&\w+;[^"<&]*)*"/g, '').trim()).toBe('');
    if (close) expect(open.pop()).toBe(name);
    else if (!own) open.push(name as string);
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<[^<>]+>/g, '')).not.toMatch(/[<>]|&(?!(amp|lt|gt|quot|#39);)/);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
}

/** Numbers of attributes, such as all `cy`. */
const attribute = (svg: string, name: string) =>
  [...svg.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map((m) => Number(m[1]));

describe('lineChart', () => {
  const base = { title: 'T', x: { label: 'steps' }, y: { label: 'loss' } } as const;

  test('larger values stand higher, later ones to the right', () => {
    const svg = lineChart({
      ...base,
      lines: [
        {
          name: 'a',
          points: [
            [0, 1],
            [1, 3],
            [2, 2],
          ],
        },
      ],
    });
    checkXml(svg);
    const [x, y] = [attribute(svg, 'cx'), attribute(svg, 'cy')] as [number[], number[]];
    expect(x).toEqual([...x].sort((a, b) => a - b));
    expect((y[1] as number) < (y[2] as number) && (y[2] as number) < (y[0] as number)).toBe(true);
  });

  test('what cannot be shown interrupts the line', () => {
    const points = [
      [1, 1],
      [2, Number.NaN],
      [3, 3],
      [4, 0],
      [5, 5],
    ] as const;
    const path = (kind: 'linear' | 'log') => {
      const svg = lineChart({ ...base, y: { label: 'y', kind }, lines: [{ name: 'a', points }] });
      checkXml(svg);
      return /class="line c0" d="([^"]*)"/.exec(svg)?.[1]?.replace(/[^ML]/g, '');
    };
    expect(path('linear')).toBe('MMLL');
    expect(path('log')).toBe('MMM');
  });

  test('a legend of many names takes more rows; names and titles are escaped', () => {
    const lines = (n: number) =>
      Array.from({ length: n }, (_, i) => ({
        name: `a <series> & "no" ${i}`,
        points: [[1, i]] as const,
      }));
    const height = (svg: string) => Number(/viewBox="0 0 360 ([\d.]+)"/.exec(svg)?.[1]);
    const [few, many] = [1, 8].map((n) => lineChart({ ...base, title: '<&>', lines: lines(n) }));
    checkXml(many as string);
    expect(height(many as string)).toBeGreaterThan(height(few as string));
    expect(many).toContain('aria-label="&lt;&amp;&gt;"');
  });

  test('nothing to show is an empty plot', () => {
    checkXml(lineChart({ ...base, lines: [] }));
    checkXml(
      lineChart({ ...base, y: { label: 'y', kind: 'log' }, lines: [{ name: 'a', points: [] }] }),
    );
  });

  test('labels of an axis do not meet', () => {
    const points = Array.from({ length: 30 }, (_, i) => [10_000 + i * 777, i] as const);
    const svg = lineChart({ ...base, lines: [{ name: 'a', points }] });
    const labels = [...svg.matchAll(/<text x="([\d.]+)" y="234"[^>]*>([^<]*)/g)];
    expect(labels.length).toBeGreaterThan(2);
    labels.slice(1).forEach(([, x, text = ''], i) => {
      const before = labels[i] as RegExpExecArray;
      const room = Number(x) - Number(before[1]);
      expect(room).toBeGreaterThan((5.5 * (text.length + (before[2] ?? '').length)) / 2);
    });
  });
});

describe('barChart', () => {
  const chart = (bars: Parameters<typeof barChart>[0]['bars'], kind: 'linear' | 'log' = 'linear') =>
    barChart({ title: 'T', axis: { label: 'ms', kind }, bars });

  test('lengths are proportional; pale from the least to the value; a mark', () => {
    const svg = chart([
      { label: 'a', value: 4, least: 3, mark: 2 },
      { label: 'b', value: 8 },
    ]);
    checkXml(svg);
    const [full = 0, pale = 0, whole = 0] = attribute(svg, 'width').filter((w) => w > 0);
    expect(whole / (full + pale)).toBeCloseTo(2, 1);
    expect(full / pale).toBeCloseTo(3, 1);
    const [start = 0] = attribute(svg, 'x').slice(-8);
    expect(start).toBeGreaterThan(0);
    const mark = Number(/class="mark" d="M([\d.]+)/.exec(svg)?.[1]);
    const left = Number(/<rect class="c0" x="([\d.]+)"/.exec(svg)?.[1]);
    expect((mark - left) / (full + pale)).toBeCloseTo(0.5, 1);
  });

  test('values that are not finite have no bar', () => {
    const svg = chart(
      [
        { label: 'a', value: Number.NaN, text: 'failed' },
        { label: 'b', value: 1 },
      ],
      'log',
    );
    checkXml(svg);
    expect(svg.match(/<rect/g)).toHaveLength(2);
    expect(svg).toContain('failed');
  });
});

test('text is escaped', () => {
  expect(escapeText(`<a href="x">'&'</a>`)).toBe(
    '&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;',
  );
});
