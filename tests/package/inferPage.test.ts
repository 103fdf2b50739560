/** `wasmgrad/infer` as it is published, in a page without a bundler, in Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { expect, test } from 'vitest';
import { findChromium } from '../../scripts/chromium.ts';
import { buildBundle, serve } from '../../scripts/serve.ts';
import { createEngine, layers, sequential } from '../../src/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
import { loadModel } from '/dist/infer/index.js';
try {
  const threads = crossOriginIsolated ? 2 : 1;
  const model = await loadModel(new URL('model/', location.href), { threads });
  const x = { data: Float32Array.from({ length: 5 * 64 }, (_, i) => (i % 17) / 17), shape: [5, 8, 8, 1] };
  const { data } = await model.predict(x);
  document.body.append(JSON.stringify({ ...model.info.runtime, data: [...data] }));
} catch (error) {
  document.body.append(JSON.stringify({ error: String(error) }));
}
</script>`;

/** A saved model in a folder beside a page that loads it, and what it answers here by the same build. */
async function prepared(dir: string): Promise<number[]> {
  writeFileSync(join(dir, 'index.html'), PAGE);
  const engine = await createEngine({ kind: 'inline' });
  const net = sequential(
    [layers.conv2D(8, 3, { activation: 'relu' }), layers.flatten(), layers.dense(4)],
    { inputShape: [8, 8, 1], engine },
  );
  await net.build();
  await net.save(join(dir, 'model'));
  const x = Float32Array.from({ length: 5 * 64 }, (_, i) => (i % 17) / 17);
  const { data } = await net.predict({ data: x, shape: [5, 8, 8, 1] });
  engine.dispose();
  return [...data];
}

test.each([
  { isolated: false, kind: 'inline', file: 'relaxed-infer.js' },
  { isolated: true, kind: 'team', file: 'relaxed-infer-shared.js' },
])(
  'isolated $isolated: predicts as Node does, with one build',
  async ({ isolated, kind, file }) => {
    buildBundle();
    const dir = mkdtempSync(join(tmpdir(), 'wasmgrad-infer-'));
    const data = await prepared(dir);
    const folders = { '/page/': dir, '/dist/': `${root}dist`, '/build/': `${root}build` };
    const server = await serve({ folders, isolated });
    const executablePath = await findChromium();
    const browser = await chromium.launch({
      args: ['--no-sandbox', '--disable-gpu'],
      ...(executablePath ? { executablePath } : {}),
    });
    try {
      const page = await browser.newPage();
      const [asked, problems]: string[][] = [[], []];
      page.on('request', (r) => asked?.push(new URL(r.url()).pathname));
      page.on('console', (m) => problems?.push(m.text()));
      await page.goto(`${server.url}/page/index.html`);
      const text = await page.locator('body:not(:empty)').textContent();
      expect(JSON.parse(text ?? '')).toMatchObject({ build: 'relaxed', kind, data });
      expect(asked?.filter((path) => path.startsWith('/build/'))).toEqual([`/build/${file}`]);
      expect(asked?.filter((path) => path.includes('ormMakers'))).toEqual([]);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    }
  },
  60_000,
);
