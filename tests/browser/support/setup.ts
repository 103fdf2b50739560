import type { TestProject } from 'vitest/node';
import { createEngine } from '../../../src/index.ts';
import { reproducibleRun } from './run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Hash of the reproducible run in Node. */
    nodeHash: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  using engine = await createEngine({ kind: 'inline', reproducible: true });
  project.provide('nodeHash', await reproducibleRun(engine));
}
