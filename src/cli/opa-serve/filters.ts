import { rego } from '../../policy/index.ts';
import { pathsOf } from '../opa-partial.ts';
import type { Version } from '../opa-sources.ts';
import { type Reply, refuse } from './reply.ts';

const MULTIPLE = 'application/vnd.opa.multitarget+json';
const MEDIA_TYPE = /^application\/vnd\.opa\.(sql|ucast)\.(\w+)\+json$/;

/** What a request for filters is answered from. */
export interface FilterSource {
  readonly program: rego.Program;
  readonly version: Version;
  readonly evaluation: rego.Evaluation;
  document(path: readonly string[], input: rego.Value | undefined): rego.Value | undefined;
}

export interface FilterRequest {
  readonly path: readonly string[];
  readonly accept: string;
  readonly body: string;
}

interface Options {
  readonly disableInlining?: readonly string[];
  readonly maskRule?: string;
  readonly targetDialects?: readonly string[];
  readonly targetSQLTableMappings?: Readonly<Record<string, rego.TableNames>>;
}

/** Targets an `Accept` header asks for; a reply where it names none. */
function targetsOf(accept: string, dialects: readonly string[]): readonly rego.FilterTarget[] | Reply {
  const types = accept.split(',').map(type => type.split(';')[0]!.trim());
  if (types.includes(MULTIPLE)) {
    const found = dialects.map(name => rego.FILTER_TARGETS.get(name));
    const unknown = dialects.find((_, index) => !found[index]);
    if (unknown !== undefined)
      return refuse(400, 'invalid_parameter', `options.targetDialects: "${unknown}" is no target`);
    return found as rego.FilterTarget[];
  }
  for (const type of types) {
    const [, language, dialect] = MEDIA_TYPE.exec(type) ?? [];
    const target = rego.FILTER_TARGETS.get(`${language}+${dialect}`);
    if (target) return [target];
  }
  return refuse(400, 'invalid_parameter', `Accept header: unsupported header: ${accept}`);
}

/** `custom` fields of METADATA for a rule: its own, its document's, its package's. */
function customOf(program: rego.Program, path: readonly string[], field: string): unknown {
  const name = path.at(-1);
  const modules = program.modules.filter(module => module.package.join('/') === path.slice(0, -1).join('/'));
  const rules = modules.flatMap(({ rules }) =>
    rules.filter(rule => rule.head.path[0]?.kind === 'var' && rule.head.path[0].name === name),
  );
  const annotations = [
    ...rules.flatMap(rule => rule.annotations ?? []),
    ...modules.flatMap(module => module.annotations.filter(({ scope }) => scope === 'package')),
  ];
  for (const { value } of annotations) {
    const found = (value.custom as { readonly [name: string]: unknown } | undefined)?.[field];
    if (found !== undefined) return found;
  }
  return undefined;
}

const texts = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every(item => typeof item === 'string') ? value : undefined;

/** The module a place was read from, by the identity of the place. */
function moduleOf(modules: readonly rego.Module[], place: object): rego.Module | undefined {
  const holds = (part: unknown): boolean =>
    part === place || (typeof part === 'object' && part !== null && Object.values(part).some(holds));
  return modules.find(module => holds(module.rules));
}

function faultsReply(program: rego.Program, faults: readonly rego.FilterFault[]): Reply {
  const errors = faults.map(({ message, at, details }) => {
    const module = at && moduleOf(program.modules, at);
    const { line, column } = module ? rego.lineOf(module.text, at.start) : { line: 0, column: 0 };
    return {
      code: 'pe_fragment_error',
      message,
      ...(module ? { location: { file: module.file, row: line, col: column } } : {}),
      ...(details === undefined ? {} : { details: { details } }),
    };
  });
  const body = { code: 'evaluation_error', message: 'error(s) occurred while evaluating query', errors };
  return { status: 400, body };
}

/** A mask rule is named whole, or beside the filter. */
function maskPath(rule: string, filter: readonly string[]): readonly string[] {
  const names = rule.split('.');
  return names[0] === 'data' ? names.slice(1) : [...filter.slice(0, -1), ...names];
}

/** Data filters: `POST /v1/compile/{path}` (OPA, "Compile API"): a rule as a `WHERE` clause or UCAST, with masks of columns. */
export function filterReply({ path, accept, body }: FilterRequest, source: FilterSource): Reply {
  const document = (body === '' ? {} : rego.fromJsonText(body)) as { readonly input?: rego.Value };
  const given = rego.toJson(document as rego.Value) as { readonly unknowns?: unknown; readonly options?: Options };
  const options = given.options ?? {};
  const targets = targetsOf(accept, options.targetDialects ?? []);
  if (!Array.isArray(targets)) return targets as Reply;
  const media = accept.split(',')[0]!.split(';')[0]!.trim();
  if (targets.length === 0) return { status: 200, type: media, body: JSON.stringify({ result: {} }) };
  const { program, version, evaluation } = source;
  const unknowns = 'unknowns' in given ? texts(given.unknowns ?? []) : texts(customOf(program, path, 'unknowns'));
  if ('unknowns' in given && !unknowns)
    return refuse(400, 'invalid_parameter', 'unknowns: a list of texts is asked for');
  const input = document.input;
  const query = ['data', ...path].map((name, index) => (index === 0 ? name : `[${JSON.stringify(name)}]`)).join('');
  const known = { ...evaluation, ...(input === undefined ? {} : { input }) };
  const left = program.partially(
    query,
    {
      version,
      unknowns: pathsOf(unknowns ?? ['input']),
      disabled: pathsOf(options.disableInlining ?? []),
      shallow: false,
      isFilter: true,
    },
    known,
  );
  const filter = rego.filterOf(left, targets);
  if (filter.faults.length > 0) return faultsReply(program, filter.faults);
  if (filter.isNever) return { status: 200, type: media, body: '{}' };
  const rule = options.maskRule ?? customOf(program, path, 'mask_rule');
  const masks = typeof rule === 'string' ? source.document(maskPath(rule, path), input) : undefined;
  const names = (target: rego.FilterTarget): rego.TableNames => options.targetSQLTableMappings?.[target.dialect] ?? {};
  try {
    const results = targets.map(target => {
      const text = rego.jsonText(rego.filterText(filter, target, names(target)));
      const shown = masks === undefined ? '' : `,"masks":${rego.jsonText(masks)}`;
      return [target.key, `{"query":${text}${shown}}`] as const;
    });
    const result =
      media === MULTIPLE ? `{${results.map(([key, text]) => `"${key}":${text}`).join(',')}}` : results[0]![1];
    return { status: 200, type: media, body: `{"result":${result}}` };
  } catch (error) {
    if (error instanceof rego.FilterError) return faultsReply(program, [{ message: error.message }]);
    throw error;
  }
}
