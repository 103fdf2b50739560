import type { Tensor } from '../graph/tensor.ts';
import { transpose } from '../ops/layout.ts';
import { OptionError } from '../runtime/errors.ts';

/** Where the channels of images are: [batch, .., channels], which is what layers work on, or [batch, channels, ..]. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

export function checkDataFormat(title: string, given: string): DataFormat {
  if (given === 'channelsLast' || given === 'channelsFirst') return given;
  throw new OptionError(
    `${title}: dataFormat is "${given}", expected "channelsLast" or "channelsFirst"`,
  );
}

/** x with axis `from` at `to`. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  if (from === to) return x;
  const order = x.shape.map((_, i) => i).toSpliced(from, 1);
  return transpose(x, order.toSpliced(to, 0, from));
}

/** Runs `body` on images with their channels last; its images go back to the format given. */
export function withChannelsLast(
  x: Tensor,
  format: DataFormat,
  body: (x: Tensor) => Tensor,
): Tensor {
  if (format === 'channelsLast') return body(x);
  const y = body(moveAxis(x, 1, x.shape.length - 1));
  return y.shape.length > 2 ? moveAxis(y, y.shape.length - 1, 1) : y;
}
