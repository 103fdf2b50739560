/** The script of workers as text, written here by `scripts/emit.ts`; empty in the sources, which lie beside it. */
export const WORKER: string = '';
