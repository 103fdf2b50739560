import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { pageOpener, textOf, waitForText } from './support.ts';

const open = pageOpener();

async function epoch(page: Page): Promise<number> {
  const text = await textOf(page, '#status');
  return Number(/epoch (\d+)/.exec(text)?.[1] ?? 0);
}

/** The picture, small. */
function pixels(page: Page): Promise<number[]> {
  return page.locator('#view').evaluate((view) => {
    const context = new OffscreenCanvas(40, 40).getContext('2d');
    context?.drawImage(view as HTMLCanvasElement, 0, 0, 40, 40);
    return [...(context?.getImageData(0, 0, 40, 40).data ?? [])];
  });
}

/** Mean difference of the picture from an earlier one. */
async function change(page: Page, before: readonly number[]): Promise<number> {
  const now = await pixels(page);
  return now.reduce((sum, v, i) => sum + Math.abs(v - (before[i] as number)), 0) / now.length;
}

test.each([
  ['threads', {}],
  ['one thread, dark, on a phone', { isolated: false, dark: true, width: 360 }],
])('train.html learns spirals; pause, resume, start over: %s', async (_, options) => {
  await open(
    'train',
    async (page) => {
      await expect.poll(() => pixels(page).then((p) => new Set(p).size)).toBeGreaterThan(10);
      const untrained = await pixels(page);
      await page.click('#go');
      await waitForText(page, '#status', /epoch \d+, (9[5-9]|100)\.\d % of those held back right/);
      await page.click('#go');
      await waitForText(page, '#status', /^paused/);
      await expect.poll(() => change(page, untrained)).toBeGreaterThan(5);
      const at = await epoch(page);
      await page.waitForTimeout(300);
      expect(await epoch(page)).toBe(at);
      expect(await textOf(page, '#go')).toBe('Resume');
      expect(await page.locator('svg path').count()).toBe(4);
      await page.click('#go');
      await expect.poll(() => epoch(page)).toBeGreaterThan(at);
      await page.click('#stop');
      await waitForText(page, '#status', /^$/);
      await expect.poll(() => change(page, untrained)).toBeLessThan(2);
      expect(await textOf(page, '#trouble')).toBe('');
    },
    options,
  );
});

test('train.html learns digits by convolutions while its frames go on', { retry: 2 }, async () => {
  await open('train', async (page) => {
    await page.selectOption('[name=data]', 'digits');
    await page.waitForFunction(() => document.querySelector('#go:not(:disabled)'));
    await page.selectOption('[name=hidden]', 'conv');
    await page.selectOption('[name=activation]', 'relu');
    await page.selectOption('[name=rate]', '0.003');
    await page.click('#go');
    await waitForText(page, '#status', /epoch \d+, 9\d\.\d %/);
    await waitForText(page, '#frames', /frames\/s/);
    const longestGap = () =>
      page.evaluate(async () => {
        let [last, longest] = [performance.now(), 0];
        for (let i = 0; i < 60; i++) {
          await new Promise(requestAnimationFrame);
          longest = Math.max(longest, performance.now() - last);
          last = performance.now();
        }
        return longest;
      });
    // Other processes may stop the page at any moment.
    await expect.poll(longestGap, { timeout: 30_000 }).toBeLessThan(100);
    await page.selectOption('[name=data]', 'moons');
    await waitForText(page, '#status', /^$/);
    expect(await page.locator('[name=hidden]').inputValue()).toBe('32,32');
  });
});
