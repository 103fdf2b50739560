#!/usr/bin/env node
import { commands } from './commands.ts';
import { inWords } from './failure.ts';
import { run } from './run.ts';

/** A reader that has seen enough, as `head`, closes the pipe. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`wasmgrad: standard output: ${inWords(error)}\n`);
  process.exit(1);
});

void run(process.argv.slice(2), commands).then((code) => {
  process.exitCode = code;
});
