import type { Bytes } from './gzip.ts';

/** Counts between limits, as TensorBoard's `HistogramProto` has them. */
export interface EventHistogram {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Counts in bins of equal width from `low` to `high`. */
  readonly bins: readonly number[];
}

/** One moment of a run. */
export interface TfEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly scalars?: Readonly<Record<string, number>>;
  readonly histograms?: Readonly<Record<string, EventHistogram>>;
}

/** Remainders of single bytes in the CRC of Castagnoli (RFC 3720). */
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
  return c;
});

export function crc32c(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC[(c ^ byte) & 255] as number) ^ (c >>> 8);
  return ~c >>> 0;
}

/** As TFRecord stores it: turned by 15 bits, plus a constant. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Length, its checksum, data, their checksum (TensorFlow: core/lib/io/record_writer). */
function record(data: Bytes): Bytes {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return bytes;
}

function varint(n: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(Math.trunc(n)));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const double = (x: number) => [...new Uint8Array(Float64Array.of(x).buffer)];
const float = (x: number) => [...new Uint8Array(Float32Array.of(x).buffer)];

/** Fields of a protobuf message by wire type: 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
const field = {
  varint: (number: number, n: number) => [number << 3, ...varint(n)],
  double: (number: number, x: number) => [(number << 3) | 1, ...double(x)],
  float: (number: number, x: number) => [(number << 3) | 5, ...float(x)],
  bytes: (number: number, bytes: readonly number[] | Uint8Array) => [
    (number << 3) | 2,
    ...varint(bytes.length),
    ...bytes,
  ],
  text: (number: number, text: string) => field.bytes(number, new TextEncoder().encode(text)),
};

function histogramBytes(h: EventHistogram): number[] {
  const width = (h.high - h.low) / h.bins.length;
  const limits = h.bins.map((_, i) => (i + 1 === h.bins.length ? h.high : h.low + (i + 1) * width));
  return [
    ...field.double(1, h.low),
    ...field.double(2, h.high),
    ...field.double(3, h.count),
    ...field.double(4, h.sum),
    ...field.double(5, h.sumOfSquares),
    ...field.bytes(6, limits.flatMap(double)),
    ...field.bytes(7, h.bins.flatMap(double)),
  ];
}

const value = (tag: string, content: readonly number[]) =>
  field.bytes(1, [...field.text(1, tag), ...content]);

/** An event as a record of the file (protobuf messages `Event`, `Summary` and `HistogramProto`). */
export function eventBytes({ wallTime, step = 0, scalars = {}, histograms = {} }: TfEvent): Bytes {
  const values = [
    ...Object.entries(scalars).flatMap(([tag, x]) => value(tag, field.float(2, x))),
    ...Object.entries(histograms).flatMap(([tag, h]) =>
      value(tag, field.bytes(5, histogramBytes(h))),
    ),
  ];
  const head = [...field.double(1, wallTime), ...field.varint(2, step)];
  return record(Uint8Array.from([...head, ...field.bytes(5, values)]));
}

/** What a file starts with. */
export function eventFileStart(wallTime: number): Bytes {
  return record(Uint8Array.from([...field.double(1, wallTime), ...field.text(3, 'brain.Event:2')]));
}
