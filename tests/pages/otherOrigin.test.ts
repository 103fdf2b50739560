/** The library from another origin than the page's, as from a CDN, in Chromium. */
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium } from '../../scripts/chromium.ts';
import { type PageServer, servePage } from '../support/pageServer.ts';

const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
const { dense, runtimeInfo, sequential } = await import(location.hash.slice(1));
const net = sequential([dense(2, { kernelInitializer: 'ones' })], { inputShape: [3] });
const { data } = await net.predict([[1, 2, 3]]);
document.body.append(JSON.stringify({ ...(await runtimeInfo()), data: [...data] }));
</script>`;
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

let [page, library]: PageServer[] = [];
let browser: Browser;

beforeAll(async () => {
  page = await servePage({ 'index.html': PAGE });
  library = await servePage({});
  library.headers = { 'Access-Control-Allow-Origin': '*' };
  const executablePath = await findChromium();
  browser = await chromium.launch({
    args: ['--no-sandbox', '--disable-gpu'],
    ...(executablePath ? { executablePath } : {}),
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  page?.close();
  library?.close();
});

async function open(headers: Record<string, string>) {
  const [own, other] = [page as PageServer, library as PageServer];
  own.headers = headers;
  const tab = await browser.newPage();
  const complaints: string[] = [];
  tab.on('console', (m) => complaints.push(m.text()));
  tab.on('pageerror', (error) => complaints.push(String(error)));
  try {
    await tab.goto(`http://127.0.0.1:${own.port}/#http://127.0.0.1:${other.port}/index.js`);
    const text = await tab.locator('body:not(:empty)').textContent();
    return { result: JSON.parse(text ?? '') as object, complaints };
  } finally {
    await tab.close();
  }
}

test.each([
  ['a worker', {}, { kind: 'worker', reasons: [expect.stringMatching(/COOP and COEP/)] }],
  ['threads', ISOLATED, { kind: 'team', sharedMemory: true, reasons: [] }],
])('%s of its own imports the script', async (_, headers, expected) => {
  const { result, complaints } = await open(headers as Record<string, string>);
  expect(result).toMatchObject({ data: [6, 6], ...expected });
  expect(complaints).toEqual([]);
});

test('where blobs may not be workers the calling thread computes, and says why', async () => {
  const { port } = library as PageServer;
  const scripts = `'self' 'unsafe-inline' 'wasm-unsafe-eval' http://127.0.0.1:${port}`;
  const policy = `script-src ${scripts}; worker-src 'self'`;
  const { result } = await open({ 'Content-Security-Policy': policy });
  const why = expect.stringMatching(/^on the calling thread: .*/);
  expect(result).toMatchObject({ data: [6, 6], kind: 'inline', reasons: [expect.anything(), why] });
});

test('a worker that cannot import does not keep the page waiting', async () => {
  const own = library as PageServer;
  own.hidden = ['worker.ts'];
  const { result } = await open({});
  own.hidden = [];
  const why = expect.stringMatching(/^on the calling thread: .*worker/);
  expect(result).toMatchObject({ data: [6, 6], kind: 'inline', reasons: [expect.anything(), why] });
});
