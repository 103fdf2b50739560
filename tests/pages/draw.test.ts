import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { dense, flatten, sequential } from '../../src/index.ts';
import { pageOpener, textOf, waitForText } from './support.ts';

const open = pageOpener();

type Stroke = readonly (readonly [x: number, y: number])[];

const circle: Stroke = Array.from({ length: 25 }, (_, i) => {
  const angle = (i / 24) * 2 * Math.PI;
  return [0.5 - 0.2 * Math.sin(angle), 0.5 - 0.32 * Math.cos(angle)];
});
const DIGITS: Readonly<Record<string, readonly Stroke[]>> = {
  0: [circle],
  1: [
    [
      [0.5, 0.15],
      [0.5, 0.85],
    ],
  ],
  7: [
    [
      [0.3, 0.2],
      [0.7, 0.22],
      [0.45, 0.85],
    ],
  ],
};

async function draw(page: Page, strokes: readonly Stroke[]): Promise<void> {
  const paper = page.locator('#paper');
  await paper.scrollIntoViewIfNeeded();
  const box = await paper.boundingBox();
  if (!box) throw new Error('no canvas');
  for (const stroke of strokes) {
    for (const [i, [x, y]] of stroke.entries()) {
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: i ? 4 : 1 });
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
}

test.each([
  ['threads', {}],
  ['one thread, dark, on a phone', { isolated: false, dark: true, width: 360 }],
])('draw.html learns digits and reads drawn ones: %s', async (_, options) => {
  await open(
    'draw',
    async (page) => {
      await waitForText(
        page,
        '#about',
        /Trained in this page .* 9\d(\.\d)? % of 500 new ones right/,
      );
      for (const [digit, strokes] of Object.entries(DIGITS)) {
        await draw(page, strokes);
        await waitForText(page, '#answer b', new RegExp(`^${digit}$`));
        await waitForText(page, '#bars .best', new RegExp(`^${digit}`));
        await page.click('#clear');
        await waitForText(page, '#answer', /nothing drawn yet/);
      }
    },
    options,
  );
});

test('draw.html draws by keyboard', async () => {
  await open('draw', async (page) => {
    await waitForText(page, '#about', /Trained in this page/);
    await page.focus('#paper');
    await page.keyboard.press('Space');
    for (let i = 0; i < 14; i++) await page.keyboard.press('ArrowDown');
    await waitForText(page, '#answer b', /^1$/);
    await page.keyboard.press('Delete');
    await waitForText(page, '#answer', /nothing drawn yet/);
  });
});

test('draw.html takes a saved model, and says why it takes no other', async () => {
  using model = sequential([flatten(), dense(3, { activation: 'softmax' })], {
    inputShape: [20, 20],
    name: 'mine',
  });
  await model.build();
  const [kernel, bias] = await model.getWeights();
  await model.setWeights([(kernel?.data ?? []).map(() => 0), bias?.data.map((_, i) => i) ?? []]);
  const classNames = ['a', 'b', 'c'];
  model.preprocessing = { kind: 'images', shape: [20, 20], scale: 1 / 255, classNames };
  const files = Object.entries(await model.toFiles()).map(([name, bytes]) => {
    return { name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) };
  });
  await open('draw', async (page) => {
    await page.setInputFiles('#files', files);
    await waitForText(
      page,
      '#about',
      /From your files: "mine", 3 classes, images of 20 × 20 pixels/,
    );
    await draw(page, DIGITS['1'] as readonly Stroke[]);
    await waitForText(page, '#answer', /^c ?67 %$/);
    await page.setInputFiles('#files', files.slice(1));
    await waitForText(page, '#trouble', /model.json is missing/);
    expect(await textOf(page, '#answer b')).toBe('c');
  });
});
