import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { fashionMnist, mnist } from '../../src/data/datasets.ts';
import type { DownloadOptions, DownloadProgress } from '../../src/data/download.ts';
import { loadIdxSet } from '../../src/data/idxSet.ts';
import { DataError, OptionError } from '../../src/runtime/errors.ts';
import { smallIdxSet } from '../support/idxSet.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => void;

/** Answers as a file server does, with ranges. */
const serve: Answer = (request, response, bytes) => {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  if (from >= bytes.length) return void response.writeHead(416).end();
  const rest = bytes.subarray(from);
  const part = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(range ? 206 : 200, { 'content-length': rest.length, ...(range ? part : {}) });
  response.end(rest);
};

const cut =
  (after: number): Answer =>
  (_request, response, bytes) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, after), () => setTimeout(() => response.destroy(), 20));
  };

const status =
  (code: number): Answer =>
  (_request, response) =>
    void response.writeHead(code).end('no');

const damage: Answer = (request, response, bytes) =>
  serve(
    request,
    response,
    bytes.map((b, i) => (i === 12 ? b ^ 1 : b)),
  );

const whole: Answer = (_request, response, bytes) =>
  void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);

const silent: Answer = (_request, response, bytes) => {
  response.writeHead(200, { 'content-length': bytes.length });
  response.write(bytes.subarray(0, 5));
};

let small: Awaited<ReturnType<typeof smallIdxSet>>;
let folder: string;
let requests: string[] = [];
/** What the next requests for the first file meet; then all is well. */
let faults: Answer[] = [];

const server = createServer((request, response) => {
  const file = (request.url ?? '').slice('/sets/'.length);
  const bytes = small.files.get(file);
  requests.push(`${file} ${request.headers.range ?? ''}`.trim());
  if (!bytes) return void response.writeHead(404).end('no');
  const fault = file === IMAGES ? faults.shift() : undefined;
  (fault ?? serve)(request, response, bytes);
});

const IMAGES = 'train-images-idx3-ubyte.gz';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  small = await smallIdxSet(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sets`);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wasmgrad-'));
  requests = [];
  faults = [];
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const load = (options: DownloadOptions = {}) =>
  loadIdxSet(small.set, { folder, retryDelay: 1, ...options });
const kept = (file = '') => join(folder, 'small', file);
const size = () => small.files.get(IMAGES)?.length as number;

async function expectLoaded(options?: DownloadOptions): Promise<void> {
  const { train, test } = await load(options);
  expect(train).toMatchObject({
    name: 'small',
    task: 'classification',
    classNames: ['a', 'b', 'c'],
  });
  expect(train.x).toMatchObject({ shape: [6, 4, 4], scale: 1 / 255 });
  expect(train.x.data.slice(0, 3)).toEqual(Uint8Array.of(0, 37, 74));
  expect(test?.y).toEqual(Int32Array.of(0, 1, 2, 0));
  expect(readdirSync(kept()).sort()).toEqual([...small.files.keys()].sort());
  expect(new Uint8Array(readFileSync(kept(IMAGES)))).toEqual(small.files.get(IMAGES));
}

test('downloads once, tells how far it is, and works offline from then on', async () => {
  const progress: DownloadProgress[] = [];
  await expectLoaded({ onProgress: (p) => progress.push(p) });
  expect(requests).toEqual([...small.files.keys()]);
  expect(progress.filter((p) => p.received === p.total).map((p) => p.file)).toEqual(requests);
  await expectLoaded({ baseUrl: 'http://127.0.0.1:1/', retries: 0 });
  expect(requests.length).toBe(4);
});

test('keeps files where WASMGRAD_DATA says', async () => {
  vi.stubEnv('WASMGRAD_DATA', folder);
  await loadIdxSet(small.set);
  expect(readdirSync(kept()).length).toBe(4);
});

test.each<[string, Answer[], (string | RegExp)[]]>([
  ['a cut connection: goes on from there', [cut(40)], ['', 'bytes=40-']],
  ['two cuts', [cut(40), cut(50)], ['', 'bytes=40-', 'bytes=50-']],
  ['a server without ranges: from the start', [cut(40), whole], ['', 'bytes=40-']],
  ['a busy server', [status(503), status(429)], ['', '', '']],
  ['silence', [silent], ['', 'bytes=5-']],
  ['a wrong checksum: once more, from the start', [damage], ['', '']],
  ['a range refused: from the start', [cut(40), status(416)], ['', 'bytes=40-', '']],
])('survives %s', async (_name, answers, ranges) => {
  faults = answers;
  await expectLoaded(answers.includes(silent) ? { timeout: 500 } : {});
  const seen = requests
    .filter((r) => r.startsWith(IMAGES))
    .map((r) => r.slice(IMAGES.length).trim());
  expect(seen).toEqual(ranges);
});

describe('a file begun by an earlier run', () => {
  const begun = (bytes: Uint8Array) => {
    mkdirSync(kept(), { recursive: true });
    writeFileSync(kept(`${IMAGES}.part`), bytes);
  };

  test.each<[string, () => Uint8Array, () => string[]]>([
    [
      'is gone on with',
      () => (small.files.get(IMAGES) as Uint8Array).subarray(0, 30),
      () => ['bytes=30-'],
    ],
    ['may be complete', () => small.files.get(IMAGES) as Uint8Array, () => [`bytes=${size()}-`]],
    ['may be wrong', () => new Uint8Array(30).fill(7), () => ['bytes=30-', '']],
    ['may be too long', () => new Uint8Array(9999), () => ['bytes=9999-', '']],
  ])('%s', async (_name, bytes, ranges) => {
    begun(bytes());
    await expectLoaded();
    expect(requests.slice(0, ranges().length)).toEqual(
      ranges().map((r) => `${IMAGES} ${r}`.trim()),
    );
    expect(requests.length).toBe(3 + ranges().length);
  });

  test('is left behind by an abort', async () => {
    faults = [silent];
    const abort = new AbortController();
    const options = { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) };
    await expect(load(options)).rejects.toThrow('enough');
    expect(readFileSync(kept(`${IMAGES}.part`)).length).toBe(5);
    await expect(load({ signal: abort.signal })).rejects.toThrow('enough');
    await expectLoaded();
    expect(requests[1]).toBe(`${IMAGES} bytes=5-`);
  });
});

test('a damaged file in the cache is fetched again', async () => {
  await load();
  writeFileSync(kept(IMAGES), 'damaged');
  await expectLoaded();
  expect(requests.length).toBe(5);
});

test('two at once do no harm', async () => {
  faults = [cut(40), cut(60)];
  await Promise.all([expect(load()).resolves.toBeDefined(), expect(load()).resolves.toBeDefined()]);
  requests = [];
  await expectLoaded();
  expect(requests).toEqual([]);
});

test.each<[string, Answer[], RegExp, number]>([
  [
    'a missing file',
    [status(404)],
    /cannot download http.*images.*: the server answers 404 Not Found \(give a baseUrl, or put the file into .*small\)$/,
    1,
  ],
  [
    'two wrong checksums',
    [damage, damage],
    /train-images.*: the file has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}$/,
    2,
  ],
  [
    'a server that stays busy',
    Array(9).fill(status(500)),
    /the server answers 500 Internal Server Error/,
    3,
  ],
  [
    'a connection that never gets further',
    Array(9).fill(cut(0)),
    /cannot download .*: (other side closed|terminated|the connection)/,
    3,
  ],
  ['silence', Array(9).fill(silent), /cannot download .*: no data for 0\.5 s/, 3],
])('%s is an error in one line', async (_name, answers, message, tries) => {
  faults = answers;
  const timeout = answers.includes(silent) ? { timeout: 500 } : {};
  const error = await load({ retries: 2, ...timeout }).catch((e) => e);
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('\n');
  expect(requests.length).toBe(tries);
  expect(existsSync(kept(IMAGES))).toBe(false);
});

test('what the file system refuses is named', async () => {
  writeFileSync(kept(), 'a file where the folder should be');
  await expect(load()).rejects.toThrow(/^cannot keep downloads in .*small: .*WASMGRAD_DATA/);
  expect(requests).toEqual([]);
});

test.each(['folder/mnist', 'ftp://host/', ''])('base URL "%s" is refused', async (baseUrl) => {
  await expect(load({ baseUrl })).rejects.toThrow(OptionError);
});

test('no connection', async () => {
  const error = await load({ baseUrl: 'http://127.0.0.1:1', retries: 1 }).catch((e) => e);
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(/^cannot download http:\/\/127.0.0.1:1\/train-images/);
  expect(readdirSync(kept())).toEqual([]);
});

const SHARED = fileURLToPath(new URL('../../../shared/data', import.meta.url));

test.for([
  ['mnist', mnist, '5'],
  ['fashion-mnist', fashionMnist, 'Ankle boot'],
] as const)(
  '%s: the checksums are those of the published files',
  async ([name, dataset, first], { skip }) => {
    skip(!existsSync(join(SHARED, name)), `no ${SHARED}/${name}`);
    const { train, test } = await dataset({
      folder: SHARED,
      baseUrl: 'http://127.0.0.1:1',
      retries: 0,
    });
    expect([train.x.shape, test?.x.shape]).toEqual([
      [60000, 28, 28],
      [10000, 28, 28],
    ]);
    expect(train.classNames?.[(train.y as Int32Array)[0] as number]).toBe(first);
  },
);
