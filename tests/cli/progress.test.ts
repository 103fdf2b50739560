import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { Progress, type Screen } from '../../src/cli/progress.ts';

function run(screen: Partial<Screen>, env: Record<string, string>, epochs = 2) {
  let text = '';
  const progress = new Progress(epochs, 100, { ...screen, write: (t) => (text += t) }, env);
  progress.onTrainBegin();
  for (let epoch = 0; epoch < epochs; epoch++) {
    progress.onEpochBegin(epoch);
    progress.onChunkEnd(100 * epoch + 50, { loss: 1.5, accuracy: 0.25 });
    progress.onEpochEnd(epoch, { loss: 1, accuracy: 0.5, val_loss: 2, val_accuracy: 0.125 });
  }
  progress.onTrainEnd();
  return text;
}

const LINE =
  /^epoch 1\/2 {2}loss 1\.000 {2}accuracy 50\.00 % {2}dev loss 2\.000 {2}dev accuracy 12\.50 % {2}[\d,]+\/s\n/;

test.each([
  ['a file', {}, {}],
  ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
])('%s gets plain lines', (_, screen, env) => {
  const text = run(screen, env);
  expect(text).toMatch(LINE);
  expect(stripVTControlCharacters(text)).toBe(text);
  expect(text).not.toContain('\r');
  expect(text.split('\n')).toHaveLength(3);
});

test('a terminal gets a bar that fits, and is taken away', () => {
  for (const columns of [60, 80, 200]) {
    const text = run({ isTTY: true, columns }, { TERM: 'xterm' });
    const drawn = text.split('\r\x1b[K').filter((t) => t.includes('━') || t.includes('─'));
    expect(drawn.length).toBeGreaterThanOrEqual(2);
    for (const line of drawn) {
      const plain = stripVTControlCharacters(line);
      expect(plain).toMatch(/^epoch \d\/2 {2}━*─* {2}loss [\d.]+ /);
      expect(plain.length).toBeLessThan(columns);
    }
    expect(text.endsWith('\r\x1b[K')).toBe(true);
  }
});

test('many epochs leave few lines', () => {
  const lines = run({}, {}, 400).trimEnd().split('\n');
  expect(lines).toHaveLength(41);
  expect(lines.at(-1)).toMatch(/^epoch 400\/400/);
});
