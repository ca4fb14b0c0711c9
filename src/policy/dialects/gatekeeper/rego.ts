import {
  BUILTINS,
  type BuiltinContext,
  builtinContext,
  type BuiltinDefinition,
  compileRego,
  EvaluationError,
  type Module,
  parseModule,
  type Program,
  RegoError,
  RegoSet,
  toJson,
  type Value,
} from '../../engine/rego/index.ts';
import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import { effectKey, needed } from '../../engine/rego/builtins/effects.ts';
import { type AskProvider, regoAnswer, regoQuestion } from './provider.ts';
import { fields, isObject, list, text, texts } from './read.ts';
import type { Review } from './review.ts';

/** What one constraint says of one review: a message a violation. */
export interface Violation {
  readonly message: string;
  readonly details: JsonObject | undefined;
}

/** What evaluations may look at besides the review. */
export interface ReviewWorld {
  /** `data.inventory`. */
  readonly inventory: Value;
  /** Answers of external data providers by {@link externalKey}. */
  readonly external?: ReadonlyMap<string, Value>;
  /** Asks providers that are in force; without it nobody answers. */
  readonly ask?: AskProvider;
  readonly now_ns?: bigint;
}

/** One engine's view of a template: what it says of a review under a constraint. Throws an Error it cannot decide. */
export interface TemplateEngine {
  readonly engine: 'Rego' | 'K8sNativeValidation';
  evaluate(constraint: KubeObject, review: Review, world: ReviewWorld): readonly Violation[];
}

const FUEL = 20_000_000;

/** The name under which the answer to an `external_data` call is handed in. */
export const externalKey = (request: Value): string => effectKey('external_data', [request]);

/** Rego's functions less those that leave the process; external data is asked for by its own function. */
const FUNCTIONS: ReadonlyMap<string, BuiltinDefinition> = new Map([
  ...[...BUILTINS].filter(([name]) => name !== 'http.send' && name !== 'opa.runtime'),
  [
    'external_data',
    { name: 'external_data', arity: 1, call: (args, context) => needed(context, 'external_data', args) },
  ],
]);

/** Where the Rego of a target stands: in its own field, or as the source of a Rego engine. */
export interface RegoSource {
  readonly rego: string;
  readonly libs: readonly string[];
  readonly version: 'v0' | 'v1';
}

export function regoSource(target: JsonObject): RegoSource | undefined {
  for (const code of list(target.code)) {
    if (text(fields(code).engine) !== 'Rego') continue;
    const source = fields(fields(code).source);
    return {
      rego: text(source.rego),
      libs: texts(source.libs),
      version: text(source.version) === 'v1' ? 'v1' : 'v0',
    };
  }
  if (typeof target.rego !== 'string') return undefined;
  return { rego: target.rego, libs: texts(target.libs), version: 'v0' };
}

const pathOf = (module: Module): string => ['data', ...module.package].join('.');

/** Templates may look into their libraries and the inventory, nowhere else (frameworks "Rego rewriter"). */
function checkImports(module: Module): void {
  for (const { path } of module.imports as readonly { readonly path: readonly string[] }[]) {
    const [root, second] = path;
    if (root === 'data' && second !== 'lib' && second !== 'inventory')
      throw new Error(`invalid import "${path.join('.')}": only data.lib and data.inventory may be imported`);
  }
}

function compileError(error: unknown): Error {
  if (!(error instanceof RegoError)) return error as Error;
  return new Error(`unable to compile modules: 1 error occurred: ${error.file}: ${error.code}: ${error.message}`);
}

/** Compiles the Rego of one template. Throws an Error that tells why it cannot be. */
export function compileTemplateRego(source: RegoSource): TemplateEngine {
  let program: Program;
  let main: Module;
  try {
    main = parseModule(source.rego, { file: 'template', version: source.version });
    const libraries = source.libs.map((lib, at) => parseModule(lib, { file: `lib_${at}`, version: source.version }));
    for (const library of libraries)
      if (library.package[0] !== 'lib') throw new Error(`package "${pathOf(library)}" must be under "data.lib"`);
    for (const module of [main, ...libraries]) checkImports(module);
    program = compileRego([main, ...libraries], FUNCTIONS);
  } catch (error) {
    throw compileError(error);
  }
  const entry = program.entry([...main.package, 'violation']);
  if (entry === undefined) throw new Error('invalid rego: missing required rule: violation');
  return {
    engine: 'Rego',
    evaluate: (constraint, review, world) => {
      const parameters = fields(fields(constraint.spec).parameters);
      const builtins = builtinContext({
        fuel: FUEL,
        ...(world.external === undefined ? {} : { answers: new Map(world.external) }),
        ...(world.now_ns === undefined ? {} : { now_ns: world.now_ns }),
      });
      const input = { parameters, review: review.document } as unknown as Value;
      try {
        return violationsOf(
          answered(world, builtins, () => entry({ input, data: { inventory: world.inventory } as Value, builtins })),
        );
      } catch (error) {
        if (error instanceof EvaluationError) throw new Error(`${error.code}: ${error.message}`, { cause: error });
        throw error;
      }
    },
  };
}

const CALLS_MAX = 16;

/** Evaluates again with what providers said; a call nobody has answered yet leaves the result open until it is. */
function answered(world: ReviewWorld, builtins: BuiltinContext, evaluate: () => Value | undefined): Value | undefined {
  let value = evaluate();
  const answers = builtins.answers as Map<string, Value>;
  for (let round = 0; world.ask !== undefined && builtins.needs.size > 0 && round < CALLS_MAX; round++) {
    const needs = [...builtins.needs];
    builtins.needs.clear();
    for (const [key, { args }] of needs) {
      const question = regoQuestion(args[0]);
      const provided = question && world.ask(question.name, question.keys);
      if (provided !== undefined) answers.set(key, regoAnswer(provided, question!.keys));
    }
    if (answers.size === 0) return value;
    value = evaluate();
  }
  return value;
}

function violationsOf(value: Value | undefined): Violation[] {
  if (value === undefined) return [];
  const results = value instanceof RegoSet ? value.sorted() : Array.isArray(value) ? (value as Value[]) : [];
  return results.map(result => {
    const violation = toJson(result);
    if (!isObject(violation)) throw new Error('Rego: extracting message binding: a violation is no object');
    const { msg } = violation;
    if (typeof msg !== 'string')
      throw new Error(
        `Rego: extracting message binding: .msg accessor error: ${JSON.stringify(msg) ?? '<nil>'} is no string`,
      );
    return { message: msg, details: isObject(violation.details) ? violation.details : Object.create(null) };
  });
}
