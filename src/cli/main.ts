#!/usr/bin/env node
import { commands } from './commands.ts';
import { run } from './run.ts';

void run(process.argv.slice(2), commands).then((code) => {
  process.exitCode = code;
});
