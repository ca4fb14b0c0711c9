import { type Declarations, joinDeclarations, MORE_EXTENSIONS, SHARED_EXTENSIONS, STANDARD } from './declarations.ts';
import type { CelSyntax } from './parser.ts';
import type { FunctionTable } from './runtime/table.ts';
import { STANDARD_FUNCTIONS } from './runtime/standard.ts';
import { type CelType, typeFromText, wrapperOf } from './types.ts';

/** What an expression may name: variables, functions, types. Built once, shared by every program. */
export interface CelEnvironment {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly functions: Declarations;
  readonly implementations: FunctionTable;
  /** Names that stand for types (`net.IP`), beside the language's own. */
  readonly types: ReadonlyMap<string, CelType>;
  /** Resolves `a` as `x.y.a`, `x.a`, `a` (CEL "Name Resolution"). */
  readonly container: string;
  /** Struct literals: the type of `name{…}`; undefined refuses. */
  readonly structType?: (name: string) => CelType | undefined;
  /** False evaluates without type checking: all types are dynamic. */
  readonly check: boolean;
  readonly syntax: CelSyntax;
  /** Whether elements of a list or map literal may be of several types. */
  readonly mixedLiterals: boolean;
}

const BASE_TYPES = new Map<string, CelType>(
  ['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'type', 'dyn'].map(name => [
    name,
    typeFromText(name),
  ]),
);
for (const [name, type] of [
  ['null_type', 'null'],
  ['google.protobuf.Timestamp', 'timestamp'],
  ['google.protobuf.Duration', 'duration'],
  ['optional_type', 'optional'],
] as const) {
  BASE_TYPES.set(name, typeFromText(type));
}
BASE_TYPES.delete('dyn');

const WRAPPERS: Readonly<Record<string, string>> = {
  BoolValue: 'bool',
  BytesValue: 'bytes',
  DoubleValue: 'double',
  FloatValue: 'double',
  Int32Value: 'int',
  Int64Value: 'int',
  StringValue: 'string',
  UInt32Value: 'uint',
  UInt64Value: 'uint',
  Value: 'dyn',
  ListValue: 'list<dyn>',
  Struct: 'map<string,dyn>',
};

/** Wrapper messages stand for their value (CEL "Protocol Buffer Data Conversion"). */
function wrapperStruct(name: string): CelType | undefined {
  const of = name.startsWith('google.protobuf.') ? name.slice(16) : '';
  return Object.hasOwn(WRAPPERS, of) ? { ...wrapperOf(typeFromText(WRAPPERS[of]!)), name: of } : undefined;
}

/** The language and the extensions API servers know, without variables. */
export const SHARED_ENVIRONMENT: CelEnvironment = {
  variables: new Map(),
  functions: joinDeclarations(STANDARD, SHARED_EXTENSIONS),
  implementations: STANDARD_FUNCTIONS,
  types: BASE_TYPES,
  container: '',
  structType: wrapperStruct,
  check: true,
  syntax: 'whole',
  mixedLiterals: true,
};

/** An environment with more in it; later declarations of a variable win. */
export function extendEnvironment(
  base: CelEnvironment,
  more: {
    readonly variables?: Iterable<readonly [string, CelType]>;
    readonly functions?: Declarations;
    readonly implementations?: FunctionTable;
    readonly types?: Iterable<readonly [string, CelType]>;
    readonly container?: string;
    readonly check?: boolean;
    readonly syntax?: CelSyntax;
    readonly mixedLiterals?: boolean;
    readonly structType?: (name: string) => CelType | undefined;
  },
): CelEnvironment {
  return {
    variables: more.variables ? new Map([...base.variables, ...more.variables]) : base.variables,
    functions: more.functions ? joinDeclarations(base.functions, more.functions) : base.functions,
    implementations: more.implementations
      ? new Map([...base.implementations, ...more.implementations])
      : base.implementations,
    types: more.types ? new Map([...base.types, ...more.types]) : base.types,
    container: more.container ?? base.container,
    check: more.check ?? base.check,
    syntax: more.syntax ?? base.syntax,
    mixedLiterals: more.mixedLiterals ?? base.mixedLiterals,
    ...(more.structType ? { structType: more.structType } : base.structType ? { structType: base.structType } : {}),
  };
}

/** What turns an environment into one with all of cel-go's extensions. */
export const CEL_EXTENSIONS = { functions: MORE_EXTENSIONS, syntax: 'whole', mixedLiterals: true } as const;

/** The language and all of cel-go's extensions, without variables. */
export const STANDARD_ENVIRONMENT: CelEnvironment = extendEnvironment(SHARED_ENVIRONMENT, CEL_EXTENSIONS);
