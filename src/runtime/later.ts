/**
 * The asynchronous function `name` of a module that is loaded when it is first called: what few programs need costs the others
 * nothing. Its documentation stands where it is written.
 */
export function later<M, K extends keyof M>(load: () => Promise<M>, name: K): M[K] {
  const call = async (...args: unknown[]) => {
    const loaded = await load();
    return (loaded[name] as (...args: unknown[]) => unknown)(...args);
  };
  return call as M[K];
}
