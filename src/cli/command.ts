import type { ParseArgsOptionsConfig } from 'node:util';

/** `help` says what the option does; `value` stands for its argument. */
export type CommandOption = ParseArgsOptionsConfig[string] & {
  readonly help: string;
  readonly value?: string;
};

export type CommandOptions = Readonly<Record<string, CommandOption>>;

export type OptionValues = Readonly<
  Record<string, string | boolean | (string | boolean)[] | undefined>
>;

export interface Command {
  readonly summary: string;
  /** Names of the arguments that are no options, as help shows them; none if left out. */
  readonly parameters?: readonly string[];
  readonly options: CommandOptions;
  /** Command lines with what they do, for help. */
  readonly examples?: readonly (readonly [line: string, what: string])[];
  /** Text behind the options in help. */
  readonly notes?: readonly string[];
  /** Resolves to the exit code, where it is not 0. */
  run(
    values: OptionValues,
    parameters: readonly string[],
  ): undefined | number | Promise<undefined | number>;
}

export type Commands = Readonly<Record<string, Command>>;
