import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, Model } from '../../src/index.ts';

/** What a network of two inputs says in the plane, with the points it learned from or is tested on. */
export interface Panel {
  readonly title: string;
  readonly model: Model;
  readonly points: Dataset;
}

const CELLS = 80;
const SIZE = 320;
const COLORS = ['#c25700', '#1f63c6'];

/** Writes SVG pictures of decision boundaries, side by side, to `runs/NAME.svg`. */
export async function drawBoundaries(name: string, panels: readonly Panel[]): Promise<void> {
  const drawn = await Promise.all(panels.map(panel));
  const places = drawn.map((svg, i) => `<g transform="translate(${i * (SIZE + 16)} 0)">${svg}</g>`);
  const width = panels.length * (SIZE + 16) - 16;
  await mkdir('runs', { recursive: true });
  const file = join('runs', `${name}.svg`);
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${SIZE + 24}" font-family="sans-serif" font-size="14">`;
  await writeFile(
    file,
    `${head}<title>${name}</title><rect width="100%" height="100%" fill="#fff"/>${places.join('')}</svg>\n`,
  );
  console.log(`boundaries in ${file}`);
}

async function panel({ title, model, points }: Panel): Promise<string> {
  const { data } = points.x;
  const span = 1.1 * Math.max(...Array.from(data, Math.abs));
  const centre = (i: number) => span * ((2 * i + 1) / CELLS - 1);
  const grid = Float32Array.from({ length: 2 * CELLS * CELLS }, (_, i) =>
    centre(i % 2 === 0 ? (i >> 1) % CELLS : CELLS - 1 - Math.floor((i >> 1) / CELLS)),
  );
  const found = await model.predict({ data: grid, shape: [CELLS * CELLS, 2] }, { batchSize: 1600 });
  const dots = Array.from(points.y as Int32Array, (label, i) => {
    const [x, y] = [data[2 * i], data[2 * i + 1]].map((v) => (Number(v) / span + 1) * (SIZE / 2));
    return `<circle cx="${x?.toFixed(1)}" cy="${(SIZE - (y as number)).toFixed(1)}" r="2.5" fill="${COLORS[label]}" stroke="#fff" stroke-width=".5"/>`;
  });
  const label = `<text x="${SIZE / 2}" y="16" text-anchor="middle">${title}</text>`;
  return `${label}<g transform="translate(0 24)">${areas(found.data)}${dots.join('')}</g>`;
}

/** One path a class of the cells whose probability is on its side, joined along rows. */
function areas(probability: ArrayLike<number>): string {
  const paths = ['', ''];
  const cell = SIZE / CELLS;
  const side = (x: number, y: number) => Number((probability[y * CELLS + x] as number) > 0.5);
  for (let y = 0; y < CELLS; y++) {
    for (let x = 0, from = 0; x < CELLS; x++) {
      if (x + 1 < CELLS && side(x + 1, y) === side(x, y)) continue;
      paths[side(x, y)] +=
        `M${from * cell} ${y * cell}h${(x + 1 - from) * cell}v${cell}h${(from - x - 1) * cell}z`;
      from = x + 1;
    }
  }
  return paths.map((d, k) => `<path d="${d}" fill="${COLORS[k]}" opacity=".25"/>`).join('');
}
