import { perceptronOf } from '../layers.ts';
import { type Contestant, type Runner, type TrainTask, Unable } from '../types.ts';
import { load } from './load.ts';

interface Vol {
  w: ArrayLike<number>;
}

interface ConvNet {
  readonly Vol: new (sx: number, sy: number, depth: number, fill: number) => Vol;
  readonly Net: new () => { makeLayers(layers: readonly object[]): void };
  readonly Trainer: new (net: object, options: object) => { train(x: Vol, y: number): unknown };
}

/** convnetjs, example by example. */
export const convnet: Contestant = {
  name: 'convnetjs',
  kinds: ['train'],
  variants: () => [{ build: 'js', threads: 1 }],
  open: { train: openTrain },
};

function openTrain(task: TrainTask): Runner {
  const { Vol, Net, Trainer } = load<ConvNet>('convnetjs');
  const { sizes, hidden } = perceptronOf(task);
  if (task.layers.some((l) => l.layer !== 'dense')) throw new Unable('dense layers only here');
  const [features, ...units] = sizes as [number, ...number[]];
  const net = new Net();
  net.makeLayers([
    { type: 'input', out_sx: 1, out_sy: 1, out_depth: features },
    ...units.slice(0, -1).map((n) => ({ type: 'fc', num_neurons: n, activation: hidden })),
    { type: 'softmax', num_classes: Math.max(2, units.at(-1) as number) },
  ]);
  const trainer = new Trainer(net, {
    method: task.optimizer,
    learning_rate: task.rate,
    momentum: 0,
    batch_size: task.batch,
  });
  const examples = Array.from(task.y, (_, i) => {
    const x = new Vol(1, 1, features, 0);
    x.w = Float64Array.from(task.x.subarray(i * features, (i + 1) * features));
    return x;
  });
  return {
    note: 'own initial weights: cost only',
    run(steps) {
      for (let i = 0; i < steps * task.batch; i++) {
        const at = i % examples.length;
        trainer.train(examples[at] as Vol, task.y[at] as number);
      }
    },
  };
}
