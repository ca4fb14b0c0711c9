import { parseDocument } from 'yaml';
import { type Instruction, type Recipe, RecipeError } from './recipe.ts';

const FIELDS = [
  'name',
  'names',
  'from',
  'files',
  'workdir',
  'env',
  'user',
  'entrypoint',
  'command',
  'expose',
  'labels',
  'volumes',
  'stopSignal',
  'wasm',
];

type Foreign = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Foreign =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const scalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

/** Reads the declarative form, image.yaml: the same steps a Dockerfile gives, without an order to get wrong. */
export function parseImageYaml(text: string): Recipe {
  const document = parseDocument(text, { uniqueKeys: true });
  const error = document.errors[0];
  if (error) throw new RecipeError(error.linePos?.[0].line ?? 1, '', error.message.split('\n')[0]!);
  const body: unknown = document.toJS({ maxAliasCount: 20 });
  if (!isRecord(body)) throw new RecipeError(1, '', 'it is no mapping');
  const bad = (field: string, why: string): RecipeError => new RecipeError(1, field, why);
  for (const field of Object.keys(body))
    if (!FIELDS.includes(field)) throw bad(field, `this field is unknown; it takes ${FIELDS.join(', ')}`);
  const words = (field: string): string[] | undefined => {
    const value = body[field];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every(scalar)) return value.map(String);
    if (typeof value === 'string') return [value];
    throw bad(field, 'it must be a list of words');
  };
  const pairs = (field: string): [string, string][] => {
    const value = body[field];
    if (value === undefined || value === null) return [];
    if (!isRecord(value) || !Object.values(value).every(scalar))
      throw bad(field, 'it must be a mapping of names to values');
    return Object.entries(value).map(([name, item]) => [name, String(item)]);
  };
  const one = (field: string): string | undefined => {
    const value = body[field];
    if (value === undefined || value === null) return undefined;
    if (!scalar(value)) throw bad(field, 'it must be a text');
    return String(value);
  };
  const names = [...(words('name') ?? []), ...(words('names') ?? [])];
  const wasm = one('wasm');
  if (wasm !== undefined) return { steps: [], names, wasm };
  const list: Instruction[] = [{ kind: 'from', image: one('from') ?? 'scratch' }];
  const workdir = one('workdir');
  if (workdir !== undefined) list.push({ kind: 'workdir', path: workdir });
  list.push(...files(body.files, bad));
  if (pairs('env').length > 0) list.push({ kind: 'env', values: pairs('env') });
  if (pairs('labels').length > 0) list.push({ kind: 'label', values: pairs('labels') });
  const user = one('user');
  if (user !== undefined) list.push({ kind: 'user', user });
  const ports = words('expose');
  if (ports) list.push({ kind: 'expose', ports });
  const volumes = words('volumes');
  if (volumes) list.push({ kind: 'volume', paths: volumes });
  const entrypoint = words('entrypoint');
  if (entrypoint) list.push({ kind: 'entrypoint', words: entrypoint, shell: false });
  const command = words('command');
  if (command) list.push({ kind: 'cmd', words: command, shell: false });
  const signal = one('stopSignal');
  if (signal !== undefined) list.push({ kind: 'stopsignal', signal });
  return { names, steps: list.map(instruction => ({ line: 1, text: told(instruction), instruction })) };
}

function files(value: unknown, bad: (field: string, why: string) => RecipeError): Instruction[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad('files', 'it must be a list of {from, to}');
  return value.map((entry: unknown): Instruction => {
    if (!isRecord(entry) || typeof entry.to !== 'string') throw bad('files', 'each entry needs "from" and "to"');
    const sources = typeof entry.from === 'string' ? [entry.from] : entry.from;
    if (
      !Array.isArray(sources) ||
      sources.length === 0 ||
      !sources.every((item): item is string => typeof item === 'string')
    )
      throw bad('files', '"from" must be a path or a list of paths');
    const mode = entry.mode === undefined ? undefined : Number.parseInt(String(entry.mode), 8);
    if (mode !== undefined && !(mode >= 0 && mode <= 0o7777)) throw bad('files', '"mode" must be octal, in quotes');
    return {
      kind: 'copy',
      sources,
      target: entry.to,
      extract: false,
      ...(mode === undefined ? {} : { chmod: mode }),
      ...(typeof entry.owner === 'string' ? { chown: entry.owner } : {}),
      ...(typeof entry.image === 'string' ? { from: entry.image } : {}),
    };
  });
}

/** One line about a step, as the build prints it. */
function told(instruction: Instruction): string {
  switch (instruction.kind) {
    case 'from':
      return `from ${instruction.image}`;
    case 'copy':
      return `files ${instruction.sources.join(' ')} to ${instruction.target}`;
    default:
      return instruction.kind;
  }
}
