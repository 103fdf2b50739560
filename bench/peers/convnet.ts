import { layerPlans } from '../layers.ts';
import {
  type Contestant,
  type InferTask,
  type LayerSpec,
  type NetworkSpec,
  type Runner,
  type TrainTask,
  Unable,
} from '../types.ts';
import { load } from './load.ts';

interface Vol {
  w: ArrayLike<number>;
}

interface Net {
  makeLayers(layers: readonly object[]): void;
  forward(x: Vol): Vol;
}

interface ConvNet {
  readonly Vol: new (sx: number, sy: number, depth: number, fill: number) => Vol;
  readonly Net: new () => Net;
  readonly Trainer: new (net: Net, options: object) => { train(x: Vol, y: number): unknown };
}

/** convnetjs, example by example. */
export const convnet: Contestant = {
  name: 'convnetjs',
  kinds: ['train', 'infer'],
  variants: () => [{ build: 'js', threads: 1 }],
  open: { train: openTrain, infer: openInfer },
};

const NOTE = 'own initial weights: cost only';

function network({ Net, Vol }: ConvNet, task: NetworkSpec) {
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
  const features = H * W * C;
  const example = (x: Float32Array, i: number) => {
    const vol = new Vol(W, H, C, 0);
    vol.w = Float64Array.from(x.subarray(i * features, (i + 1) * features));
    return vol;
  };
  return { net, example };
}

function openTrain(task: TrainTask): Runner {
  const convnet = load<ConvNet>('convnetjs');
  const { net, example } = network(convnet, task);
  const trainer = new convnet.Trainer(net, {
    method: task.optimizer,
    learning_rate: task.rate,
    momentum: 0,
    batch_size: task.batch,
  });
  const examples = Array.from(task.y, (_, i) => example(task.x, i));
  return {
    note: NOTE,
    run(steps) {
      for (let i = 0; i < steps * task.batch; i++) {
        const at = i % examples.length;
        trainer.train(examples[at] as Vol, task.y[at] as number);
      }
    },
  };
}

function openInfer(task: InferTask): Runner {
  const { net, example } = network(load<ConvNet>('convnetjs'), task);
  return {
    note: NOTE,
    run(steps) {
      for (let i = 0; i < steps * task.batch; i++) net.forward(example(task.x, i % task.batch));
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
