import { symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Server, serve } from '../../scripts/serve.ts';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-'));
  await mkdir(join(folder, 'open', 'inner'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  for (const name of ['a.html', 'a b.js', 'a.wasm', 'inner/a.mjs', 'a.unknown'])
    writeFileSync(join(folder, 'open', name), name);
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'open', 'link.txt'));
  server = await serve({ folders: { '/files/': join(folder, 'open') }, home: '/files/a.html' });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** `fetch` would take the dots out of a path. */
function ask(path: string, method = 'GET') {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const { port } = new URL(server.url);
      request({ host: '127.0.0.1', port, path, method }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
        );
      })
        .on('error', reject)
        .end();
    },
  );
}

test.each([
  ['a.html', 'text/html; charset=utf-8'],
  ['a%20b.js', 'text/javascript; charset=utf-8'],
  ['a.wasm', 'application/wasm'],
  ['inner/a.mjs?x=1', 'text/javascript; charset=utf-8'],
  ['a.unknown', 'application/octet-stream'],
])('%s is %s, with the headers of isolation', async (path, type) => {
  const { status, headers, text } = await ask(`/files/${path}`);
  expect(status).toBe(200);
  expect(text).toBe(decodeURIComponent(path.split('?')[0] as string));
  expect(headers['content-type']).toBe(type);
  expect(headers['cross-origin-opener-policy']).toBe('same-origin');
  expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
});

test.each([
  '/files/../secret.txt',
  '/files/%2e%2e/secret.txt',
  '/files/..%2fsecret.txt',
  '/files/..%5csecret.txt',
  '/files/link.txt',
  '/files/inner',
  '/files/',
  '/files/none.html',
  '/files/a.html%00.js',
  '/files/%zz',
  '/other/a.html',
  '//etc/passwd',
])('%s is not there', async (path) => {
  const { status, text } = await ask(path);
  expect([status, text]).toEqual([404, '404\n']);
});

test('the home page, other methods, no headers without isolation', async () => {
  expect(await ask('/')).toMatchObject({ status: 302, headers: { location: '/files/a.html' } });
  expect((await ask('/files/a.html', 'POST')).status).toBe(405);
  expect(await ask('/files/a.html', 'HEAD')).toMatchObject({ status: 200, text: '' });
  const bare = await serve({ folders: { '/files/': join(folder, 'open') }, isolated: false });
  const { headers } = await fetch(`${bare.url}/files/a.html`);
  expect(headers.get('cross-origin-opener-policy')).toBeNull();
  await bare.close();
});
