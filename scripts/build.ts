/** Compiles every build of the kernels (targets of asconfig.json) to `build/<target>.wasm` and `build/<target>.js`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const root = new URL('../', import.meta.url);
const wanted = process.argv.slice(2);

execFileSync(process.execPath, [fileURLToPath(new URL('gen.ts', import.meta.url))], {
  stdio: 'inherit',
});
process.chdir(fileURLToPath(root));
mkdirSync('build', { recursive: true });
const targets = Object.keys(JSON.parse(readFileSync('asconfig.json', 'utf8')).targets);
for (const target of targets.filter((t) => wanted.length === 0 || wanted.includes(t))) {
  const { error, stderr } = await main(['--target', target]);
  const text = stderr.toString();
  if (text) process.stderr.write(text);
  if (error) throw error;
  const bytes = readFileSync(`build/${target}.wasm`);
  writeFileSync(`build/${target}.js`, `export default '${bytes.toString('base64')}';\n`);
}
