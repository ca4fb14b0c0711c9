/** Rego: parse modules, compile them to JavaScript, evaluate documents and queries. */
export { moduleJson } from './ast-json.ts';
export { Coverage, type CoverageReport } from './coverage.ts';
export { BUILTINS } from './builtins/index.ts';
export {
  type BuiltinDefinition,
  type CompiledQuery,
  compileRego,
  type Evaluation,
  type Program,
  type QueryOptions,
} from './compile.ts';
export type { Dependencies } from './dependencies.ts';
export {
  FILTER_TARGETS,
  type Filter,
  FilterError,
  type FilterFault,
  filterOf,
  type FilterTarget,
  filterText,
  type TableNames,
} from './filters/index.ts';
export { type FormatOptions, formatModule } from './format/index.ts';
export { type BuiltinOptions, builtinContext } from './context.ts';
export type { HashName, KeySource, RegoCrypto, SignatureName } from './ports.ts';
export { partialJson, type PartialOptions, type PartialResult, queryText, supportText } from './partial/index.ts';
export { parseModule, type ParseOptions, parseQuery } from './parser.ts';
export { type BuiltinContext, EvaluationError, type Fuel } from './runtime.ts';
export { type Annotation, type Import, lineOf, type Module, RegoError, type Rule } from './syntax.ts';
export { checkStrict } from './strict.ts';
export type { Tracer } from './interpret/index.ts';
export { Profile, PROFILE_ORDERS, type ProfileLine, type ProfileOrder, tracing } from './profile.ts';
export { type RegoTest, runTest, type TestCase, testsOf } from './test-run.ts';
export { Trace, type TraceEvent, type TraceKind } from './trace.ts';
export { inputText as twinInput, runTwins, type TwinOutcome } from './twin.ts';
export { compare, equal, fromJsonText, jsonText, keyOf, RegoSet, toJson, type Value } from './value.ts';
