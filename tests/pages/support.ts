import { type Browser, chromium, type Locator, type Page } from 'playwright';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { findChromium } from '../../scripts/chromium.ts';
import { buildBundle, PAGES, type Server, serve } from '../../scripts/serve.ts';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];

export interface OpenOptions {
  readonly isolated?: boolean;
  readonly dark?: boolean;
  readonly width?: number;
}

/** What opens a page of `examples/browser`; a message on its console or a request that fails is an error at the end of `use`. */
export function pageOpener() {
  vi.setConfig({ testTimeout: 100_000 });
  let browser: Browser;
  const servers = new Map<boolean, Server>();
  beforeAll(async () => {
    buildBundle();
    const executablePath = await findChromium();
    browser = await chromium.launch({ args: ARGS, ...(executablePath ? { executablePath } : {}) });
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    for (const server of servers.values()) await server.close();
  });
  return async (
    name: string,
    use: (page: Page) => Promise<void>,
    { isolated = true, dark = false, width = 1000 }: OpenOptions = {},
  ): Promise<void> => {
    const server = servers.get(isolated) ?? (await serve({ folders: PAGES, isolated }));
    servers.set(isolated, server);
    const page = await browser.newPage({
      colorScheme: dark ? 'dark' : 'light',
      viewport: { width, height: 800 },
    });
    const problems: string[] = [];
    page.on('console', (m) => problems.push(`${m.type()}: ${m.text()}`));
    page.on('pageerror', (e) => problems.push(e.message));
    page.on('requestfailed', (r) => problems.push(`${r.url()} failed`));
    page.on('response', (r) => r.status() >= 400 && problems.push(`${r.url()} ${r.status()}`));
    page.on('request', (r) => r.url().startsWith(server.url) || problems.push(`asks ${r.url()}`));
    await page.goto(`${server.url}/examples/browser/${name}.html`);
    await use(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await page.close();
    expect(
      problems.filter((p) => !p.startsWith('asks data:') && !p.startsWith('asks blob:')),
    ).toEqual([]);
  };
}

/** The text of an element, its spaces as one. */
export async function textOf(page: Page | Locator, selector: string): Promise<string> {
  const text = await page.locator(selector).textContent();
  return (text ?? '').replace(/\s+/g, ' ').trim();
}

/** Waits until the text of an element matches. */
export async function waitForText(
  page: Page,
  selector: string,
  pattern: RegExp,
  timeout = 75_000,
): Promise<void> {
  await expect.poll(() => textOf(page, selector), { timeout, interval: 50 }).toMatch(pattern);
}
