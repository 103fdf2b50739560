/** What the function gives, as a promise. */
type Later<F> = F extends (...args: infer A) => infer R
  ? R extends Promise<unknown>
    ? F
    : (...args: A) => Promise<R>
  : never;

/**
 * The asynchronous function `name` of a module that is loaded when it is first called: what few programs need costs the others
 * nothing. Its documentation stands where it is written.
 */
export function later<M, K extends keyof M>(load: () => Promise<M>, name: K): Later<M[K]> {
  const call = async (...args: unknown[]) => {
    const loaded = await load();
    return (loaded[name] as (...args: unknown[]) => unknown)(...args);
  };
  return call as Later<M[K]>;
}
