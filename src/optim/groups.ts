import { checkNumber, withDefaults } from '../nn/named.ts';
import type { Common } from '../ops/update.ts';
import { messageOf, OptionError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import type { ParameterGroup } from './optimizer.ts';

interface Group {
  readonly match: string;
  readonly learningRateFactor: number;
  readonly weightDecay: number | undefined;
}

/** The groups as plain data, checked. */
export function resolveGroups(name: string, given: readonly ParameterGroup[]): readonly Group[] {
  if (!Array.isArray(given)) throw new OptionError(`${name}: groups is no list`);
  return given.map((group, i) => {
    const what = `${name}: groups[${i}]`;
    const set = withDefaults<{ [K in keyof ParameterGroup]-?: ParameterGroup[K] | undefined }>(
      what,
      group,
      { match: undefined, learningRateFactor: 1, weightDecay: undefined },
    );
    const learningRateFactor = set.learningRateFactor as number;
    checkNumber(`${what}: learningRateFactor`, learningRateFactor, { from: 0 });
    if (set.weightDecay !== undefined)
      checkNumber(`${what}: weightDecay`, set.weightDecay, { from: 0 });
    return { match: sourceOf(what, set.match), learningRateFactor, weightDecay: set.weightDecay };
  });
}

function sourceOf(what: string, match: string | RegExp | undefined): string {
  if (isA(match, 'RegExp') && match.flags === '') return match.source;
  if (typeof match !== 'string') {
    throw new OptionError(
      `${what}: match is ${match}, expected a regular expression without flags`,
    );
  }
  try {
    new RegExp(match);
  } catch (cause) {
    throw new OptionError(`${what}: match: ${messageOf(cause)}`, { cause });
  }
  return match;
}

/** Factor of the rate and weight decay of the parameter: those of the first group that matches its name. */
export function settingsOf(
  groups: readonly Group[],
  weightDecay: number,
  parameter: string,
): Common {
  const group = groups.find((g) => new RegExp(g.match).test(parameter));
  return {
    factor: group?.learningRateFactor ?? 1,
    weightDecay: group?.weightDecay ?? weightDecay,
  };
}
