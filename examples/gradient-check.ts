/** Gradient checking: networks at the start and behind some training, then a mistake that it finds. */
import {
  activation,
  batchNormalization,
  datasets,
  dense,
  dropout,
  flatten,
  gradCheck,
  type Layer,
  lambda,
  numericalDerivative,
  ops,
  regularizers,
  sequential,
  takeExamples,
} from '../src/index.ts';

const TARGET = 1e-7;

const cube = (x: number) => x ** 3;
const oneSided = numericalDerivative(cube, 1, { epsilon: 0.01, sides: 1 });
const twoSided = numericalDerivative(cube, 1, { epsilon: 0.01 });
console.log(
  `dθ³/dθ at 1, ε = 0.01: ${oneSided.toFixed(4)} one-sided, ${twoSided.toFixed(4)} two-sided\n`,
);

const data = await datasets.digits(1000, { seed: 1 });
const batch = await takeExamples(
  data,
  Array.from({ length: 32 }, (_, i) => i),
);

type Part = Layer<[x: ReturnType<typeof ops.relu>]>;

function network(hidden: readonly Part[]) {
  return sequential([flatten(), ...hidden, dense(10, { activation: 'softmax' })], {
    seed: 1,
  }).compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    regularizer: regularizers.l2(0.1),
  });
}

const relus = (layers: number) =>
  Array.from({ length: layers }, () =>
    dense(24, { activation: 'relu', kernelInitializer: 'heNormal' }),
  );
const normalised = () => [dense(24), batchNormalization(), activation('relu')];

const networks: Readonly<Record<string, readonly Part[]>> = {
  'two hidden layers and dropout': [...relus(1), dropout(0.3), ...relus(1)],
  'twelve relu layers': relus(12),
  'batch normalisation': [...normalised(), ...normalised()],
};

let worst = 0;
for (const [name, layers] of Object.entries(networks)) {
  using net = network(layers);
  const before = await gradCheck(net, batch, { noise: 'off', samples: 500 });
  await net.fit(data.x, data.y, { epochs: 2 });
  const after = await gradCheck(net, batch, { noise: 'off', samples: 500 });
  for (const [when, { ratio, verdict }] of Object.entries({ before, after }))
    console.log(`${name}, ${when} training: ratio ${ratio.toExponential(1)}, ${verdict}`);
  worst = Math.max(worst, before.ratio, after.ratio);
}

// x·σ(x) whose second factor was forgotten in the derivative.
using mistaken = network([dense(24), lambda((x) => ops.mul(x, ops.sigmoid(ops.stopGradient(x))))]);
const found = await gradCheck(mistaken, batch, { samples: 500 });
console.log(`\na mistake\n${found}\n`);

const reached = worst <= TARGET && !found.passed;
console.log(
  `worst ratio ${worst.toExponential(1)}: target ${TARGET.toExponential()} ${reached ? 'reached' : 'missed'}`,
);
process.exitCode = reached ? 0 : 1;
