/** Reads event files the way their formats are described, with nothing of the library's. */

interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bit by bit, from the polynomial alone. */
export function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let k = 0; k < 8; k++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffffffffn);
}

function unmask(stored: number): number {
  const turned = (stored - 0xa282ead8) >>> 0;
  return ((turned >>> 17) | (turned << 15)) >>> 0;
}

/** The records of a file. Throws where a checksum is wrong or something is left over. */
export function records(bytes: Uint8Array): Uint8Array[] {
  const view = viewOf(bytes);
  const found: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = Number(view.getBigUint64(at, true));
    const data = bytes.subarray(at + 12, at + 12 + length);
    if (unmask(view.getUint32(at + 8, true)) !== slowCrc32c(bytes.subarray(at, at + 8)))
      throw new Error(`length at ${at}`);
    if (unmask(view.getUint32(at + 12 + length, true)) !== slowCrc32c(data))
      throw new Error(`data at ${at}`);
    found.push(data);
    at += 16 + length;
  }
  if (at !== bytes.length) throw new Error('cut short');
  return found;
}

function fields(bytes: Uint8Array): Field[] {
  const view = viewOf(bytes);
  let at = 0;
  const skip = (bytes: number) => {
    at += bytes;
    return at - bytes;
  };
  const varint = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[skip(1)] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  const found: Field[] = [];
  while (at < bytes.length) {
    const key = varint();
    const number = key >> 3;
    if ((key & 7) === 0) found.push({ number, value: varint() });
    else if ((key & 7) === 1) found.push({ number, value: view.getFloat64(skip(8), true) });
    else if ((key & 7) === 5) found.push({ number, value: view.getFloat32(skip(4), true) });
    else {
      const length = varint();
      found.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return found;
}

const get = (all: readonly Field[], number: number) => all.find((f) => f.number === number)?.value;
const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
const doubles = (bytes: unknown) => [
  ...new Float64Array(Uint8Array.from(bytes as Uint8Array).buffer),
];

/** An event's numbers and texts by name. */
export function readEvent(bytes: Uint8Array) {
  const event = fields(bytes);
  const version = get(event, 3);
  const summary = fields((get(event, 5) as Uint8Array | undefined) ?? new Uint8Array());
  const values = summary.map((f) => fields(f.value as Uint8Array));
  const tagged = (number: number) =>
    values.flatMap((v) => {
      const found = get(v, number);
      return found === undefined ? [] : [[text(get(v, 1)), found] as const];
    });
  return {
    wallTime: get(event, 1),
    step: get(event, 2),
    version: version && text(version),
    scalars: Object.fromEntries(tagged(2)) as Record<string, number>,
    histograms: Object.fromEntries(
      tagged(5).map(([tag, content]) => {
        const h = fields(content as Uint8Array);
        const [min, max, num, sum, squares] = [1, 2, 3, 4, 5].map((n) => get(h, n) as number);
        const [limits, buckets] = [doubles(get(h, 6)), doubles(get(h, 7))];
        return [tag, { min, max, num, sum, squares, limits, buckets }];
      }),
    ),
  };
}
