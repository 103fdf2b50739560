/** `Symbol.dispose`, or where there is none (Safari, older Node) the one that compiled `using` looks for. */
export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');
