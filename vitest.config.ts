import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { findOther, OTHERS, type OtherName } from './scripts/browsers.ts';
import { findChromium } from './scripts/chromium.ts';
import { otherProvider } from './tests/browser/support/others.ts';

const LONG = '**/*.full.test.ts';
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-sync',
  '--js-flags=--expose-gc',
  '--enable-precise-memory-info',
];

/** What takes longer hangs: a busy machine of one core is ten times as slow as an idle one of two. */
const HANGS = 180_000;

const executablePath = await findChromium();

/** Tests in Chromium, with or without the headers that allow shared memory. They run after those in Node. */
function inBrowser(name: string, folder: string, headers: Record<string, string>, long = false) {
  return {
    server: { headers },
    optimizeDeps: { include: ['@assemblyscript/loader', 'csv-parse/browser/esm'] },
    test: {
      name,
      include: [`${folder}/*${long ? '.full' : ''}.test.ts`],
      exclude: long ? [] : [LONG],
      testTimeout: long ? 600_000 : HANGS,
      sequence: { groupOrder: long ? 4 : 2 },
      globalSetup: ['tests/browser/support/setup.ts'],
      fileParallelism: false,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: { args: FLAGS, ...(executablePath ? { executablePath } : {}) },
        }),
        instances: [{ browser: 'chromium' as const }],
      },
    },
  };
}

/** The same in another browser, with what Chromium alone can measure (long tasks, memory) left out; none where it is missing. */
function inOther(browser: OtherName) {
  const path = findOther(browser);
  if (!path) return [];
  return (['browser', 'isolated'] as const).map((place) => {
    const isolated = place === 'isolated';
    const folder = isolated ? 'tests/browser/isolated' : 'tests/browser';
    const project = inBrowser(`${browser}-${place}`, folder, isolated ? ISOLATION : {});
    const { test } = project;
    return {
      ...project,
      test: {
        ...test,
        exclude: [LONG, '**/free.test.ts'],
        sequence: { groupOrder: 5 },
        browser: {
          ...test.browser,
          provider: otherProvider(browser, path),
          instances: [{ browser }],
        },
      },
    };
  });
}

/** One file at a time: tests start threads of their own, and some measure time. */
function inNode(name: string, include: string[], exclude: string[], testTimeout: number) {
  return {
    test: {
      name,
      include,
      exclude,
      testTimeout,
      hookTimeout: HANGS,
      fileParallelism: false,
      sequence: { groupOrder: name === 'node' ? 1 : 3 },
    },
  };
}

export default defineConfig({
  test: {
    reporters: ['default', './tests/support/closing.ts'],
    projects: [
      inNode('node', ['tests/**/*.test.ts'], ['tests/browser/**', LONG], HANGS),
      inBrowser('browser', 'tests/browser', {}),
      inBrowser('isolated', 'tests/browser/isolated', ISOLATION),
      inNode('full', [`tests/${LONG}`], ['tests/browser/**'], 600_000),
      inBrowser('browser-full', 'tests/browser', {}, true),
      inBrowser('isolated-full', 'tests/browser/isolated', ISOLATION, true),
      ...(Object.keys(OTHERS) as OtherName[]).flatMap(inOther),
    ],
  },
});
