import type { Browser } from 'playwright';
import type { Server } from '../../scripts/serve.ts';
import type { RuntimeInfo } from '../../src/runtime/engine.ts';
import { makeRow } from '../probes.ts';
import { duration } from '../report.ts';
import type { Case, Row } from '../types.ts';

const SAMPLES = 12;

interface First {
  readonly ms: number;
  readonly output: readonly number[];
  readonly info: RuntimeInfo;
}

/** From the start of a navigation to the first prediction of a small model, each time in a fresh context. */
export async function measureStartup(
  browser: Browser,
  { url }: Server,
  print: (text: string) => void,
): Promise<Row> {
  const samples: number[] = [];
  let last: First | undefined;
  for (let i = 0; i < SAMPLES; i++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${url}/bench/browser/startup.html`);
    await page.waitForFunction(() => 'first' in globalThis);
    last = await page.evaluate(() => (globalThis as unknown as { first: First }).first);
    samples.push(last.ms);
    await context.close();
  }
  const { build, threads, kind } = (last as First).info;
  const c = { name: 'startup/page' } as Case;
  const row = makeRow(c, { contestant: 'wasmgrad', build, threads }, samples);
  const times = samples.map((ms) => ms.toFixed(0)).join(' ');
  print(
    `startup/page: ${duration(row.median_ms)}, least ${duration(row.min_ms)} (${build}, ${threads} threads, ${kind}; ${times})`,
  );
  return row;
}
