import { expect, test } from 'vitest';
import { pageOpener, textOf, waitForText } from './support.ts';

const open = pageOpener();

test('measure.html says why not more runs without isolation', async () => {
  await open(
    'measure',
    async (page) => {
      await waitForText(page, '#machine', /one thread: .*COOP and COEP/);
    },
    { isolated: false, dark: true, width: 360 },
  );
});

test('measure.html compares the engine with plain JavaScript, as bars', {
  timeout: 100_000,
}, async () => {
  await open('measure', async (page) => {
    await page.click('#go');
    await waitForText(page, '#status', /^done$/, 90_000);
    await waitForText(page, '#machine', /Peak of one thread/);
    const figures = page.locator('#figures figure');
    expect(await figures.count()).toBe(4);
    for (const figure of await figures.all()) {
      const lines = await figure.locator('li').all();
      const [plain, ...engines] = lines;
      expect(await plain?.textContent()).toMatch(/^plain JavaScript/);
      expect(engines.length).toBeGreaterThanOrEqual(2);
      for (const line of engines) {
        const text = (await line.textContent())?.replace(/\s+/g, ' ') ?? '';
        expect(text).toMatch(/^(simd|relaxed) × \d+\s+[\d.,]+ [\d.]+ ×$/);
        expect(Number(/([\d.]+) ×$/.exec(text)?.[1])).toBeGreaterThan(1);
        expect((await line.locator('.bar').boundingBox())?.width).toBeGreaterThan(5);
      }
    }
    expect(await page.locator('.mark').count()).toBeGreaterThanOrEqual(4);
    expect(await textOf(page, '#trouble')).toBe('');
  });
});
