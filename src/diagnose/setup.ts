import type { Layer } from '../nn/layer.ts';

/** What a network has already, so that no warning advises it. */
export interface Setup {
  /** First weights that would suit the activations better; undefined where each layer has them. */
  readonly start: 'He weights' | 'Xavier weights' | undefined;
  readonly normalised: boolean;
}

/** Which first weights keep signals of such activations. */
const SUITABLE = { relu: /^(he|orthogonal)/, other: /^(he|glorot|lecun|orthogonal)/ };

/** Looks at layers in the order of their calls; `relu`: whether units are 0 below 0. The last kernel only makes the output. */
export function setupOf(layers: readonly Layer[], relu: boolean): Setup {
  const kernels = layers.filter((l) => l.variables.some((v) => v.shape.length > 1));
  const inner = kernels.length > 1 ? kernels.slice(0, -1) : kernels;
  const fits = relu ? SUITABLE.relu : SUITABLE.other;
  const suited = inner.every((l) => fits.test(firstWeights(l)));
  return {
    start: suited ? undefined : relu ? 'He weights' : 'Xavier weights',
    normalised: layers.some((l) => /normalization$/i.test(l.type)),
  };
}

/** Name of a layer's initialiser; '' for a function of the user's. */
function firstWeights({ config }: Layer): string {
  const given = config['kernelInitializer'] ?? 'glorotUniform';
  if (typeof given === 'string') return given;
  const { name, config: named } = given as { name?: unknown; config?: { name?: unknown } };
  return String(named?.name ?? name ?? '');
}
