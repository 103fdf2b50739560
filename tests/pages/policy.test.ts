/** Pages whose headers forbid or allow what the library needs, in Chromium. */
import { type Browser, type ConsoleMessage, chromium } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium } from '../../scripts/chromium.ts';
import { type PageServer, servePage } from '../support/pageServer.ts';

const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>`;
const SCRIPT = `
import { createEngine, dense, runtimeInfo, sequential } from './index.js';
try {
  const engine = await createEngine();
  const net = sequential([dense(2, { kernelInitializer: 'ones' })], { inputShape: [3], engine });
  const { data } = await net.predict([[1, 2, 3]]);
  show({ ...(await runtimeInfo(engine)), data: [...data], secure: isSecureContext });
} catch (error) {
  show({ name: error.name, message: error.message });
}
function show(result) {
  document.body.append(JSON.stringify(result));
}
`;

let server: PageServer;
let browser: Browser;

beforeAll(async () => {
  server = await servePage({ 'index.html': PAGE, 'page.js': SCRIPT });
  const executablePath = await findChromium();
  browser = await chromium.launch({
    args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP page.test 127.0.0.1'],
    ...(executablePath ? { executablePath } : {}),
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

async function open(headers: Record<string, string>, host = '127.0.0.1') {
  server.headers = headers;
  const page = await browser.newPage();
  const complaints: string[] = [];
  const complain = (text: string) => void complaints.push(text);
  page.on('console', (m: ConsoleMessage) => m.type() === 'error' && complain(m.text()));
  page.on('pageerror', (error) => complain(String(error)));
  try {
    await page.goto(`http://${host}:${server.port}/`);
    const text = await page.locator('body:not(:empty)').textContent();
    return { result: JSON.parse(text ?? '') as object, complaints };
  } finally {
    await page.close();
  }
}

const policy = (text: string) => ({ 'Content-Security-Policy': text });
const WASM = "script-src 'self' 'wasm-unsafe-eval'";
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

test('WebAssembly is forbidden: one error that names the header', async () => {
  for (const isolation of [{}, ISOLATED]) {
    const { result, complaints } = await open({ ...policy("script-src 'self'"), ...isolation });
    expect(result).toEqual({
      name: 'EngineError',
      message: expect.stringMatching(/WebAssembly .*Content-Security-Policy.*'wasm-unsafe-eval'/),
    });
    expect(complaints.filter((text) => !/Content Security Policy/.test(text))).toEqual([]);
  }
});

const WORKS = { data: [6, 6], restarts: 0 };

test.each([
  [
    'a strict policy that allows WebAssembly',
    policy(`default-src 'self'; img-src data:; ${WASM}`),
    'worker',
  ],
  [
    'the same and isolation',
    { ...policy(`default-src 'self'; img-src data:; ${WASM}`), ...ISOLATED },
    'team',
  ],
])('%s: all works, without a word in the console', async (_, headers, kind) => {
  const { result, complaints } = await open(headers);
  expect(result).toMatchObject({ ...WORKS, kind });
  expect(complaints).toEqual([]);
});

test.each([
  ['no workers', policy(`${WASM}; worker-src 'none'`)],
  ['no workers, with isolation', { ...policy(`${WASM}; worker-src 'none'`), ...ISOLATED }],
  ['trusted types', policy(`${WASM}; require-trusted-types-for 'script'`)],
])('%s: the calling thread, and why', async (_, headers) => {
  const { result } = await open(headers);
  expect(result).toMatchObject({ ...WORKS, kind: 'inline' });
  expect((result as { reasons: string[] }).reasons.join()).toMatch(/on the calling thread: .+/);
});

test('a page without HTTPS', async () => {
  const { result, complaints } = await open({}, 'page.test');
  expect(result).toMatchObject({ ...WORKS, kind: 'worker', secure: false });
  expect(complaints).toEqual([]);
});
