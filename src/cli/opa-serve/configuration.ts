import { readFileSync } from 'node:fs';
import { parse as parseYaml, YAMLParseError } from 'yaml';

/** A configuration that cannot be used; the message names the field. */
export class ConfigurationError extends Error {}

type Tree = { readonly [name: string]: unknown };

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields read by this server, by where they stand; `*` is any name. What is not here is told, never passed over. */
const KNOWN: readonly string[] = [
  'labels.*',
  'default_decision',
  'default_authorization_decision',
  'persistence_directory',
  ...['url', 'name', 'response_header_timeout_seconds', 'headers.*', 'allow_insecure_tls'].map(
    at => `services.*.${at}`,
  ),
  ...['ca_cert', 'system_ca_required'].map(at => `services.*.tls.${at}`),
  ...['token', 'token_path', 'scheme'].map(at => `services.*.credentials.bearer.${at}`),
  ...['cert', 'private_key', 'private_key_passphrase', 'ca_cert'].map(at => `services.*.credentials.client_tls.${at}`),
  ...[
    'grant_type',
    'token_url',
    'client_id',
    'client_secret',
    'scopes',
    'additional_headers.*',
    'additional_parameters.*',
  ].map(at => `services.*.credentials.oauth2.${at}`),
  ...[
    'service',
    'resource',
    'persist',
    'trigger',
    'size_limit_bytes',
    'signing.keyid',
    'signing.scope',
    'signing.exclude_files',
  ].map(at => `bundles.*.${at}`),
  ...['min_delay_seconds', 'max_delay_seconds', 'long_polling_timeout_seconds'].map(at => `bundles.*.polling.${at}`),
  ...[
    'service',
    'resource',
    'decision',
    'persist',
    'size_limit_bytes',
    'signing.keyid',
    'signing.scope',
    'signing.exclude_files',
  ].map(at => `discovery.${at}`),
  ...['min_delay_seconds', 'max_delay_seconds', 'long_polling_timeout_seconds'].map(at => `discovery.polling.${at}`),
  ...['algorithm', 'key', 'scope'].map(at => `keys.*.${at}`),
  ...['service', 'console', 'resource', 'partition_name', 'mask_decision', 'drop_decision'].map(
    at => `decision_logs.${at}`,
  ),
  ...['min_delay_seconds', 'max_delay_seconds', 'upload_size_limit_bytes', 'buffer_size_limit_bytes', 'trigger'].map(
    at => `decision_logs.reporting.${at}`,
  ),
  'decision_logs.request_context.http.headers',
  ...['service', 'console', 'partition_name', 'prometheus', 'trigger'].map(at => `status.${at}`),
];

const KNOWN_PATHS = KNOWN.map(path => path.split('.'));

/** Fields of a configuration that nothing here reads, as `a.b.c`. */
export function unreadFields(value: unknown, path: readonly string[] = []): string[] {
  const fits = (known: readonly string[], length: number): boolean =>
    path.every((name, at) => at < length && (known[at] === '*' || known[at] === name));
  if (path.length > 0 && KNOWN_PATHS.some(known => known.length === path.length && fits(known, known.length)))
    return [];
  const leads = path.length === 0 || KNOWN_PATHS.some(known => known.length > path.length && fits(known, known.length));
  if (!leads || !isTree(value)) return path.length === 0 || leads ? [] : [path.join('.')];
  return Object.entries(value).flatMap(([name, each]) => unreadFields(each, [...path, name]));
}

const typed = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  if (/^-?(?:0|[1-9]\d*)$/.test(text)) return Number(text);
  return text.startsWith('{') && text.endsWith('}') ? parts(text.slice(1, -1), ',').map(typed) : text;
};

/** Splits at a sign that no backslash and no brace hides. */
function parts(text: string, sign: string): string[] {
  const found = [''];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\' && at + 1 < text.length) found[found.length - 1] += text[++at]!;
    else if (char === sign && depth === 0) found.push('');
    else {
      depth += char === '{' ? 1 : char === '}' ? -1 : 0;
      found[found.length - 1] += char;
    }
  }
  return found;
}

/** A tree with a value at a path. */
function placed(tree: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const old: Tree = isTree(tree) ? tree : {};
  const below = placed(Object.hasOwn(old, name) ? old[name] : undefined, rest, value);
  return Object.fromEntries([...Object.entries(old), [name, below]]);
}

/** `a.b=1,c=x` on top of a configuration; `read` turns the text of a value into it. */
function overridden(tree: unknown, text: string, read: (value: string) => unknown): unknown {
  return parts(text.replaceAll('\\', '\\\\'), ',').reduce((now, assignment) => {
    const [path, ...value] = assignment.split('=');
    if (value.length === 0) throw new ConfigurationError(`--set "${assignment}": write PATH=VALUE`);
    return placed(now, parts(path!, '.'), read(value.join('=')));
  }, tree);
}

/** The text of a file as YAML; what cannot be read is told with its line. */
function parsed(file: string, text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new ConfigurationError(`${file}: ${error.message.split('\n')[0]!.replace(/:$/, '')}`);
  }
}

export interface ConfigurationSources {
  readonly file?: string;
  readonly set: readonly string[];
  readonly setFile: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The configuration as given: the file with its `${NAME}` filled in from the environment, then what the options set. */
export function readConfiguration({ file, set, setFile, environment }: ConfigurationSources): Tree {
  let tree: unknown = {};
  if (file !== undefined) {
    const text = readFileSync(file, 'utf8').replace(/\$\{([^}]*)\}/g, (_all, name: string) => environment[name] ?? '');
    tree = parsed(file, text) ?? {};
    if (!isTree(tree))
      throw new ConfigurationError(`${file}: a configuration is a mapping: write "services:" and so on`);
  }
  for (const text of set) tree = overridden(tree, text, typed);
  for (const text of setFile) tree = overridden(tree, text, path => readFileSync(path, 'utf8'));
  return tree as Tree;
}

/** Reads fields of one part of a configuration; what has the wrong form is told with its place. */
export class Fields {
  readonly #tree: Tree;
  readonly #at: string;

  constructor(tree: unknown, at: string) {
    if (tree !== undefined && tree !== null && !isTree(tree)) throw new ConfigurationError(`${at}: write a mapping`);
    this.#tree = (tree ?? {}) as Tree;
    this.#at = at;
  }

  #read<T>(name: string, is: (value: unknown) => boolean, what: string): T | undefined {
    const value = Object.hasOwn(this.#tree, name) ? this.#tree[name] : undefined;
    if (value === undefined || value === null) return undefined;
    if (!is(value)) throw new ConfigurationError(`${this.#at}.${name}: write ${what}, not ${JSON.stringify(value)}`);
    return value as T;
  }

  has = (name: string): boolean => Object.hasOwn(this.#tree, name);
  text = (name: string): string | undefined => this.#read(name, value => typeof value === 'string', 'text');
  flag = (name: string): boolean =>
    this.#read<boolean>(name, value => typeof value === 'boolean', 'true or false') ?? false;
  number = (name: string): number | undefined =>
    this.#read(name, value => typeof value === 'number' && value >= 0, 'a number');
  list = (name: string): readonly string[] =>
    this.#read<string[]>(
      name,
      value => Array.isArray(value) && value.every(item => typeof item === 'string'),
      'a list of texts',
    ) ?? [];
  fields = (name: string): Fields => new Fields(this.#tree[name], `${this.#at}.${name}`);
  texts(name: string): Readonly<Record<string, string>> {
    const found = this.#read<Tree>(name, isTree, 'a mapping') ?? {};
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, String(value)]));
  }
  /** The parts below, by name. */
  each(name: string): [string, Fields][] {
    const found = this.#read<Tree | unknown[]>(name, value => isTree(value) || Array.isArray(value), 'a mapping') ?? {};
    const entries = Array.isArray(found)
      ? found.map((item): [string, unknown] => [String((item as { name?: unknown } | null)?.name ?? ''), item])
      : Object.entries(found);
    return entries.map(([key, value]) => [key, new Fields(value, `${this.#at}.${name}.${key}`)]);
  }
  /** What this server cannot do, told instead of done by halves. */
  refuse(name: string, instead: string): void {
    if (this.has(name)) throw new ConfigurationError(`${this.#at}.${name} is not there: ${instead}`);
  }
}
