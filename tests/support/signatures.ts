/** Parameters of the public functions that are options, found by the compiler in their declarations. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = join(ROOT, 'src/');

export interface OptionParameter {
  /** Such as `layers.dense`, `Model#fit`. */
  readonly path: string;
  readonly index: number;
  readonly type: string;
  /** Names of the options. */
  readonly known: readonly string[];
}

/** Of all functions and methods that the module exports: what has properties that may be left out. */
export function optionParameters(module: string): OptionParameter[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(SOURCES));
  const program = ts.createProgram([join(ROOT, module)], options);
  const source = program.getSourceFile(join(ROOT, module)) as ts.SourceFile;
  return new Walk(program.getTypeChecker(), source).found();
}

class Walk {
  readonly #checker: ts.TypeChecker;
  readonly #source: ts.SourceFile;
  readonly #found = new Map<string, OptionParameter>();

  constructor(checker: ts.TypeChecker, source: ts.SourceFile) {
    this.#checker = checker;
    this.#source = source;
  }

  found(): OptionParameter[] {
    const module = this.#checker.getSymbolAtLocation(this.#source) as ts.Symbol;
    for (const symbol of this.#checker.getExportsOfModule(module)) {
      const alias = symbol.flags & ts.SymbolFlags.Alias;
      const target = alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
      const typeOnly = symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration);
      if (target.flags & ts.SymbolFlags.Class)
        this.#members(`${symbol.name}#`, this.#checker.getDeclaredTypeOfSymbol(target));
      else if (!typeOnly && target.flags & ts.SymbolFlags.Value)
        this.#value(symbol.name, this.#typeOf(target));
    }
    return [...this.#found.values()];
  }

  #typeOf(symbol: ts.Symbol): ts.Type {
    return this.#checker.getTypeOfSymbolAtLocation(symbol, this.#source);
  }

  #value(path: string, type: ts.Type): void {
    const calls = type.getCallSignatures();
    for (const signature of calls) this.#signature(path, signature);
    if (calls.length === 0 && !path.includes('#')) this.#members(`${path}.`, type);
  }

  #members(path: string, type: ts.Type): void {
    for (const member of type.getProperties())
      if (isOwn(member) && !/^(#|__)/.test(member.name))
        this.#value(path + member.name, this.#typeOf(member));
  }

  #signature(path: string, signature: ts.Signature): void {
    const types = signature.parameters.flatMap((parameter): readonly ts.Type[] => {
      const type = this.#typeOf(parameter);
      return this.#checker.isTupleType(type)
        ? this.#checker.getTypeArguments(type as ts.TypeReference)
        : [type];
    });
    types.forEach((type, index) => {
      for (const one of type.isUnion() ? type.types : [type]) this.#parameter(path, index, one);
    });
  }

  #parameter(path: string, index: number, type: ts.Type): void {
    const properties = type.getProperties();
    const known = properties.map(({ name }) => name);
    const plain = type.isIntersection() || type.flags & ts.TypeFlags.Object;
    if (!plain || type.getCallSignatures().length || this.#checker.isArrayLikeType(type)) return;
    if (!properties.every(isOwn)) return;
    const name = (type.aliasSymbol ?? type.symbol)?.name ?? '';
    const optional = properties.some(({ flags }) => flags & ts.SymbolFlags.Optional);
    if (!optional && !name.endsWith('Options')) return;
    this.#found.set(`${path}(${index})${name}`, { path, index, type: name, known });
  }
}

/** Declared here, not by the language. */
function isOwn({ declarations }: ts.Symbol): boolean {
  const file = declarations?.[0]?.getSourceFile().fileName;
  return file === undefined || file.startsWith(SOURCES);
}
