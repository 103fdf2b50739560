import {
  batchNormalization,
  conv2D,
  dense,
  dropout,
  type Engine,
  flatten,
  type Model,
  maxPooling2D,
  type NDArray,
  randomErasing,
  randomFlip,
  randomRotation,
  sequential,
} from '../../../src/index.ts';

/** Points in a square and which of three rings they lie in, by integer arithmetic only. */
export function rings(examples: number): { x: Float32Array; y: Uint8Array } {
  const x = new Float32Array(examples * 2);
  const y = new Uint8Array(examples);
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  for (let i = 0; i < examples; i++) {
    const [a, b] = [next(), next()];
    x.set([a, b], i * 2);
    y[i] = Math.min(2, Math.floor((a * a + b * b) * 3));
  }
  return { x, y };
}

/** A network for the rings. */
export function network(engine: Engine) {
  return sequential(
    [
      dense(32, { activation: 'relu' }),
      dropout(0.05),
      dense(16, { activation: 'tanh' }),
      dense(3, { activation: 'softmax' }),
    ],
    { inputShape: [2], engine, seed: 7 },
  ).compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
}

/** A convolutional one for images 10×10, with everything that draws random numbers. */
function convolutional(engine: Engine) {
  return sequential(
    [
      randomFlip('horizontal'),
      randomRotation(0.1),
      randomErasing({ probability: 0.5 }),
      conv2D(8, 3, { padding: 'same', activation: 'relu' }),
      batchNormalization(),
      maxPooling2D(),
      conv2D(12, 3, { activation: 'gelu' }),
      flatten(),
      dropout(0.3),
      dense(3, { activation: 'softmax' }),
    ],
    { inputShape: [10, 10, 1], engine, seed: 3 },
  ).compile({ optimizer: 'rmsprop', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
}

/** Short runs whose bits depend on the build alone: SHA-256 of weights, losses and predictions. */
export async function reproducibleRun(engine: Engine): Promise<string> {
  using plain = network(engine);
  using images = convolutional(engine);
  const { x, y } = rings(200);
  return sha256([
    ...(await trained(plain, { data: x, shape: [200, 2] }, y)),
    ...(await trained(images, { data: rings(2000).x, shape: [40, 10, 10, 1] }, y.subarray(0, 40))),
  ]);
}

async function trained(model: Model, x: NDArray, y: Uint8Array): Promise<ArrayBufferView[]> {
  const { history } = await model.fit(x, y, { epochs: 3, batchSize: 32 });
  const arrays = [...(await model.getWeights()), await model.predict(x)];
  return [...arrays.map((a) => a.data), Float64Array.from(history['loss'] ?? [])];
}

async function sha256(views: readonly ArrayBufferView[]): Promise<string> {
  const parts = views.map((v) => new Uint8Array(v.buffer, v.byteOffset, v.byteLength));
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}
