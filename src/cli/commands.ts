import type { Commands } from './command.ts';
import { info } from './info.ts';
import { train } from './train.ts';

/** All commands by name; a new one is a file beside this and a line here. */
export const commands: Commands = { train, info };
