import { adam } from '../optim/adam.ts';
import { adagrad, adamw, rmsprop, sgd } from '../optim/index.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Schedule } from '../optim/schedule.ts';

/** How a model is trained; flags replace single ones. */
export interface Settings {
  readonly model: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  /** The highest rate; it falls to 0 along half a cosine. */
  readonly lr: number;
  /** λ of λ·Σw² over the weights of each layer, added to the loss. */
  readonly l2: number;
  readonly dropout: number;
  /** Batch normalisation behind each hidden product. */
  readonly batchNorm: boolean;
  /** Images are shifted a little in training. */
  readonly augment: boolean;
  /** Images are mirrored left and right in training. */
  readonly flip: boolean;
  /** Epochs without improvement on the development set before training stops. */
  readonly patience: number;
}

/** What the defaults depend on. */
export interface DataFacts {
  readonly task: 'classification' | 'regression';
  /** Training examples. */
  readonly examples: number;
  /** Shape of one example. */
  readonly inputShape: readonly number[];
}

/** Optimisers by name, each with its usual rate as a multiple of Adam's. */
export const OPTIMIZERS = {
  adam: { make: (learningRate: Schedule) => adam({ learningRate }), factor: 1 },
  adamw: { make: (learningRate: Schedule) => adamw({ learningRate }), factor: 1 },
  rmsprop: { make: (learningRate: Schedule) => rmsprop({ learningRate }), factor: 1 },
  adagrad: { make: (learningRate: Schedule) => adagrad({ learningRate }), factor: 10 },
  sgd: { make: (learningRate: Schedule) => sgd({ learningRate, momentum: 0.9 }), factor: 10 },
} satisfies Record<string, { make: (rate: Schedule) => Optimizer; factor: number }>;

export type OptimizerName = keyof typeof OPTIMIZERS;

/** Updates after which small data are learned. */
const UPDATES = 4000;

/**
 * Settings for data of that kind and size, completed by those given. Images that change at random are learned for longer, to the
 * lowest rate: they are hardly learned by heart.
 */
export function settingsFor(facts: DataFacts, given: Partial<Settings>): Settings {
  const usual = facts.inputShape.length > 1 ? forImages(facts, given) : forTables(facts, given);
  const optimizer = given.optimizer ?? usual.optimizer;
  const changing = given.augment || given.flip;
  const epochs = given.epochs ?? Math.round(usual.epochs * (changing ? 4 / 3 : 1));
  return {
    ...usual,
    optimizer,
    lr: usual.lr * OPTIMIZERS[optimizer].factor,
    patience: changing ? epochs : Math.max(4, Math.round(epochs / 5)),
    ...given,
  };
}

function forImages({ examples }: DataFacts, given: Partial<Settings>): Settings {
  const large = examples > 20_000;
  const batchSize = given.batchSize ?? (large ? 128 : examples > 2000 ? 64 : 16);
  const steps = Math.ceil(examples / batchSize);
  return {
    model: large ? 'mlp:512,256' : 'mlp:256,128',
    epochs: large ? 15 : Math.max(25, Math.min(100, Math.round(UPDATES / steps))),
    batchSize,
    optimizer: 'adam',
    lr: 1e-3,
    l2: 0,
    dropout: 0.2,
    batchNorm: false,
    augment: false,
    flip: false,
    patience: 0,
  };
}

/** Chosen by the mean result of many splits of small tables. */
function forTables({ task, examples }: DataFacts, given: Partial<Settings>): Settings {
  const size = [1_000, 10_000, 100_000].findIndex((n) => examples <= n);
  const batchSize = given.batchSize ?? [16, 32, 128][size] ?? 512;
  const steps = Math.ceil(examples / batchSize);
  const strength = (task === 'regression' ? 8 : 1) / examples;
  return {
    model: ['mlp:64,32', 'mlp:128,64', 'mlp:256,128'][size] ?? 'mlp:256,128',
    epochs: Math.max(examples > 1e6 ? 5 : 15, Math.min(200, Math.round(UPDATES / steps))),
    batchSize,
    optimizer: 'adam',
    lr: 3e-3,
    l2: strength < 1e-5 ? 0 : Math.min(0.03, strength),
    dropout: 0.2,
    batchNorm: false,
    augment: false,
    flip: false,
    patience: 0,
  };
}
