/** Learning curves of a small, a medium and a large network on the built-in digits: larger networks gain more from more data. */
import {
  adam,
  datasets,
  dense,
  flatten,
  learningCurve,
  sequential,
  splitDataset,
} from '../src/index.ts';

const perceptron = (units: number) => () =>
  sequential([
    flatten(),
    dense(units, { activation: 'relu' }),
    dense(10, { activation: 'softmax' }),
  ]).compile({
    optimizer: adam({ learningRate: 0.003 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });

const { train, dev } = await splitDataset(await datasets.digits(3000, { size: 16 }), {
  fractions: { train: 0.7, dev: 0.3 },
});
if (!dev) throw new Error('no development set');
const models = { small: perceptron(2), medium: perceptron(16), large: perceptron(128) };
const curve = await learningCurve(models, { train, dev }, [60, 250, 1000, 2000], {
  fit: { epochs: 25 },
});
console.log(String(curve));

const gain = (model: string) => {
  const errors = curve.points.filter((p) => p.model === model).map((p) => p.devError);
  return (errors[0] as number) - (errors.at(-1) as number);
};
const [small, large] = [gain('small'), gain('large')];
console.log(`gain from more data: small ${small.toFixed(3)}, large ${large.toFixed(3)}`);
const reached = large > small;
console.log(`the large network gains more: target ${reached ? 'reached' : 'missed'}`);
process.exitCode = reached ? 0 : 1;
