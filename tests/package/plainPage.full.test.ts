/** The packed package in a page without a bundler, in each browser that is here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findOther, missingOther, type OtherName, openOther } from '../../scripts/browsers.ts';
import {
  closeBrowser,
  ISOLATION,
  install,
  NO_REGISTRY,
  pack,
  run,
  serve,
  temporary,
  visit,
} from './support.ts';

const folder = temporary('page');
let app: string | undefined;
/** What a reproducible run gives in Node. */
let bits: string;

beforeAll(() => {
  app = install('script', pack(folder).tarball, folder);
  if (app) bits = run(process.execPath, ['node.js'], app).trim();
}, 120_000);
afterAll(closeBrowser);

type Site = Awaited<ReturnType<typeof serve>>;

async function inOther(name: OtherName, path: string, url: string, posted: Site['posted']) {
  const page = openOther(name, path, `${url}#report`);
  try {
    const ended = page.ended.then((text) => Promise.reject(new Error(`${name} ended: ${text}`)));
    return JSON.parse(await Promise.race([posted, ended]));
  } finally {
    await page.close();
  }
}

const CASES = [
  { isolated: false, elsewhere: false },
  { isolated: true, elsewhere: false },
  { isolated: false, elsewhere: true },
  { isolated: true, elsewhere: true },
];

describe.each(['chromium', 'firefox', 'webkit'] as const)('%s', (name) => {
  test.for(CASES)(
    'trains, with the bits of Node; isolated: $isolated, library from another origin: $elsewhere',
    { timeout: 180_000 },
    async ({ isolated, elsewhere }, { skip }) => {
      const path = name === 'chromium' ? '' : (findOther(name) ?? skip(missingOther(name)));
      const copy = app ?? skip(NO_REGISTRY);
      const site = await serve(copy, isolated ? ISOLATION : {});
      const library = await serve(copy, { 'Access-Control-Allow-Origin': '*' });
      const from = elsewhere ? `?from=${new URL(library.url).origin}` : '';
      const url = `${site.url}all.html${from}`;
      try {
        const result =
          name === 'chromium'
            ? (await visit(url)).result
            : await inOther(name, path, url, site.posted);
        expect(result).toMatchObject({
          answers: [0, 1, 1, 0],
          rows: [['x "y"', '2']],
          error: 'ShapeError',
          bits,
          gradients: true,
          problems: [],
          info: { kind: isolated ? 'team' : 'worker', sharedMemory: isolated },
        });
      } finally {
        site.close();
        library.close();
      }
    },
  );
});
