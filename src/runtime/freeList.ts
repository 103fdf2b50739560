/** A piece of an address range. */
export interface Piece {
  at: number;
  bytes: number;
}

/** The free pieces of an address range by address; no two touch. It knows numbers only. */
export class FreeList {
  /** By address. */
  readonly pieces: Piece[] = [];

  /** The start of the smallest piece that holds so many bytes, which are then taken; undefined if there is none. */
  take(bytes: number): number | undefined {
    const { pieces } = this;
    let best = -1;
    pieces.forEach((piece, i) => {
      const least = pieces[best]?.bytes ?? Number.POSITIVE_INFINITY;
      if (piece.bytes >= bytes && piece.bytes < least) best = i;
    });
    const piece = pieces[best];
    if (!piece) return undefined;
    const { at } = piece;
    piece.at += bytes;
    piece.bytes -= bytes;
    if (piece.bytes === 0) pieces.splice(best, 1);
    return at;
  }

  put(at: number, bytes: number): void {
    const { pieces } = this;
    const behind = pieces.findIndex((piece) => piece.at > at);
    const i = behind < 0 ? pieces.length : behind;
    const [before, after] = [pieces[i - 1], pieces[i]];
    const joined = before && before.at + before.bytes === at ? before : { at, bytes: 0 };
    joined.bytes += bytes;
    if (joined !== before) pieces.splice(i, 0, joined);
    if (!after || joined.at + joined.bytes !== after.at) return;
    joined.bytes += after.bytes;
    pieces.splice(pieces.indexOf(after), 1);
  }

  /** Where the piece starts that ends at `end`; `end` if there is none. */
  startOf(end: number): number {
    const last = this.pieces.at(-1);
    return last && last.at + last.bytes === end ? last.at : end;
  }

  /** Takes what lies behind `at`, the start of a piece. */
  cut(at: number): void {
    if (this.pieces.at(-1)?.at === at) this.pieces.pop();
  }
}
