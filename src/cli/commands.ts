import type { Commands } from './command.ts';
import { diagnose } from './diagnose.ts';
import { evaluate } from './evaluate.ts';
import { gradcheck } from './gradcheck.ts';
import { info } from './info.ts';
import { pictures } from './pictures.ts';
import { predict } from './predict.ts';
import { report } from './report.ts';
import { train } from './train.ts';

/** All commands by name; a new one is a file beside this and a line here. */
export const commands: Commands = {
  train,
  evaluate,
  predict,
  pictures,
  gradcheck,
  diagnose,
  report,
  info,
};
