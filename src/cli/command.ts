import type { ParseArgsOptionsConfig } from 'node:util';

/** `help` says what the option does; `value` stands for its argument. */
export type CommandOption = ParseArgsOptionsConfig[string] & {
  readonly help: string;
  readonly value?: string;
};

export type OptionValues = Readonly<
  Record<string, string | boolean | (string | boolean)[] | undefined>
>;

export interface Command {
  readonly summary: string;
  /** Names of the arguments that are no options, as help shows them; none if left out. */
  readonly parameters?: readonly string[];
  readonly options: Readonly<Record<string, CommandOption>>;
  run(values: OptionValues, parameters: readonly string[]): void | Promise<void>;
}

export type Commands = Readonly<Record<string, Command>>;
