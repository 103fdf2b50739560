import { layerPlans } from '../layers.ts';
import { type Contestant, type LayerSpec, type Runner, type TrainTask, Unable } from '../types.ts';
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
  const [H, W, C] = (task.input.length === 3 ? task.input : [1, 1, ...task.input]) as [
    number,
    number,
    number,
  ];
  const classes = Math.max(2, layerPlans(task).at(-1)?.output[0] as number);
  const net = new Net();
  net.makeLayers([
    { type: 'input', out_sx: W, out_sy: H, out_depth: C },
    ...task.layers.slice(0, -1).flatMap(layerOf),
    { type: 'softmax', num_classes: classes },
  ]);
  const trainer = new Trainer(net, {
    method: task.optimizer,
    learning_rate: task.rate,
    momentum: 0,
    batch_size: task.batch,
  });
  const features = H * W * C;
  const examples = Array.from(task.y, (_, i) => {
    const x = new Vol(W, H, C, 0);
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

/** Dense layers flatten what they are given. */
function layerOf(spec: LayerSpec): object[] {
  switch (spec.layer) {
    case 'dense':
      return [{ type: 'fc', num_neurons: spec.units, activation: spec.activation }];
    case 'conv2d': {
      const { filters, kernelSize: sx, activation } = spec;
      const pad = spec.padding === 'same' ? (sx - 1) >> 1 : 0;
      return [{ type: 'conv', sx, filters, stride: 1, pad, activation }];
    }
    case 'maxPooling2d':
      return [{ type: 'pool', sx: spec.poolSize, stride: spec.poolSize }];
    case 'flatten':
      return [];
    default:
      throw new Unable(`has no ${spec.layer} here`);
  }
}
