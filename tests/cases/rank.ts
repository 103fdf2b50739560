import * as ops from '../../src/ops/index.ts';
import {
  at,
  type Case,
  elementwise,
  make,
  range,
  SIZES,
  SPECIAL,
  spread,
  type Values,
  values,
  whole,
} from './case.ts';

const belowCase = (
  name: string,
  x: Values,
  thresholds: readonly number[],
  more: Partial<Case> = {},
): Case => ({
  name,
  inputs: [x],
  op: (v) => ops.countBelow(v, thresholds),
  reference: elementwise((v) => thresholds.filter((t) => t < v).length),
  ...more,
});

const countBelow = [
  ...SIZES.map((n) => belowCase(`[${n}]`, spread([n]), [-1, 0, 0.5])),
  ...SIZES.map((n) =>
    belowCase(
      `${n} thresholds`,
      spread([2, 9]),
      range(n).map((i) => i / 8 - 1),
    ),
  ),
  belowCase('special', values([SPECIAL.length], SPECIAL), [-1, -1, 0, 1]),
  belowCase(
    '[4096]',
    spread([4096]),
    range(200).map((i) => i / 64 - 1.5),
    { bench: true },
  ),
];

const rankCase = (name: string, x: Values, more: Partial<Case> = {}): Case => ({
  name,
  inputs: [x],
  op: ops.rank,
  reference: (v) =>
    make(v.shape, (ix) => {
      const [rows, c] = [ix.slice(0, -1), ix.at(-1) as number];
      const own = at(v, ...ix);
      const before = (i: number) => {
        const other = at(v, ...rows, i);
        return i < c ? !(other < own) : !(other <= own);
      };
      return range(v.shape.at(-1) as number).filter(before).length;
    }),
  ...more,
});

const real = (x: Values): Values => ({ ...x, dtype: 'real' });

const rank = [
  ...SIZES.map((n) => rankCase(`[${n},3]`, spread([n, 3]))),
  ...SIZES.map((n) => rankCase(`equals [3,${n}]`, real(whole([3, n], 4)))),
  rankCase('[2,3,4]', spread([2, 3, 4])),
  rankCase('special', values([2, SPECIAL.length / 2], SPECIAL)),
  rankCase('[256,10]', spread([256, 10]), { bench: true }),
];

export const ranks = { countBelow, rank } as const;
