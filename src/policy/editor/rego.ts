import type { Span } from '../../base/index.ts';
import { BUILTINS } from '../engine/rego/builtins/index.ts';
import { compileRego } from '../engine/rego/compile.ts';
import { parseModule } from '../engine/rego/parser.ts';
import { type Module, type Place, RegoError, type Rule } from '../engine/rego/syntax.ts';
import { declarationOf } from '../engine/rego/types/declarations.ts';
import { typeText } from '../engine/rego/types/type.ts';
import type { DeclaredName, EditorText, Finding, Suggestion } from './model.ts';
import { spanOfPlace } from './spans.ts';

/** Which Rego texts without `import rego.v1` are read as. */
export type RegoVersion = 'v0' | 'v1';

/** Modules of a workspace, and why others could not be read. */
export interface RegoWorkspace {
  readonly modules: readonly Module[];
  readonly findings: readonly Finding[];
}

const findingsOf = (error: unknown, texts: ReadonlyMap<string, string>): Finding[] => {
  if (!(error instanceof RegoError)) throw error;
  return [error, ...error.others].map(each => ({
    where: spanOfPlace(each.file, texts.get(each.file) ?? '', each.at),
    severity: 'error',
    code: each.code,
    message: [each.message, ...each.details].join('\n'),
  }));
};

/** Reads every text and compiles together what could be read: the answers of `check` over the same files. */
export function openRego(sources: readonly EditorText[], version: RegoVersion): RegoWorkspace {
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  const findings: Finding[] = [];
  const modules = sources.flatMap(({ file, text }) => {
    try {
      return [parseModule(text, { file, version })];
    } catch (error) {
      findings.push(...findingsOf(error, texts));
      return [];
    }
  });
  try {
    compileRego(modules, BUILTINS);
  } catch (error) {
    findings.push(...findingsOf(error, texts));
  }
  return { modules, findings };
}

/** The dotted name around an offset. */
export function nameAt(text: string, offset: number): { readonly name: string; readonly at: Place } | undefined {
  const isPart = (at: number): boolean => /[\w.]/.test(text[at] ?? '');
  let start = offset;
  let end = offset;
  while (start > 0 && isPart(start - 1)) start--;
  while (isPart(end) && text[end] !== '.') end++;
  const name = text.slice(start, end);
  return /^[A-Za-z_]/.test(name) ? { name, at: { start, end } } : undefined;
}

const wordOf = (term: Rule['head']['path'][number]): string | undefined =>
  term.kind === 'var' ? term.name : term.kind === 'scalar' && typeof term.value === 'string' ? term.value : undefined;

/** The constant parts of a rule's name. */
function pathOf(rule: Rule): string[] {
  const path: string[] = [];
  for (const part of rule.head.path) {
    const word = wordOf(part);
    if (word === undefined) break;
    path.push(word);
  }
  return path;
}

/** `concat(delimiter: string, collection: …) -> output: string` of a builtin. */
export function signatureOf(name: string): string | undefined {
  const declared = declarationOf(name);
  if (declared === undefined) return undefined;
  const named = (at: number, type: (typeof declared.args)[number]): string =>
    [declared.names[at], typeText(type)].filter(Boolean).join(': ');
  const args = declared.args.map((type, at) => named(at, type)).join(', ');
  const rest = declared.variadic ? (args === '' ? '...' : ', ...') : '';
  return `${name}(${args}${rest})${declared.result ? ` -> ${named(declared.args.length, declared.result)}` : ''}`;
}

/** Full names that a name may stand for in a module: of its package, of its imports, or as written. */
function meaningsOf(module: Module, name: string): string[][] {
  const parts = name.split('.');
  const [first = '', ...rest] = parts;
  if (first === 'data') return [rest];
  const imported = module.imports
    .filter(({ path, alias }) => path[0] === 'data' && (alias ?? path.at(-1)) === first)
    .map(({ path }) => [...path.slice(1), ...rest]);
  return [...imported, [...module.package, ...parts]];
}

const startsWith = (path: readonly string[], prefix: readonly string[]): boolean =>
  prefix.length <= path.length && prefix.every((part, at) => path[at] === part);

interface Declared {
  readonly module: Module;
  readonly rule: Rule;
}

/** Rules a name leads to. A longer name leads to the rule whose value it looks into. */
function rulesNamed(workspace: RegoWorkspace, module: Module, name: string): Declared[] {
  for (const meaning of meaningsOf(module, name)) {
    const found = workspace.modules.flatMap(each =>
      each.rules
        .filter(rule => {
          const path = [...each.package, ...pathOf(rule)];
          return startsWith(meaning, path) || startsWith(path, meaning);
        })
        .map(rule => ({ module: each, rule })),
    );
    if (found.length > 0) return found;
  }
  return [];
}

/** Where the rules stand that a name at an offset leads to. */
export function definitionsOf(workspace: RegoWorkspace, file: string, offset: number): Span[] {
  const module = workspace.modules.find(each => each.file === file);
  const named = module && nameAt(module.text, offset);
  if (!module || !named) return [];
  return rulesNamed(workspace, module, named.name).map(({ module: own, rule }) =>
    spanOfPlace(own.file, own.text, rule.head.path[0]?.at ?? rule.at),
  );
}

/** What is to be told of the name at an offset, as Markdown: a builtin's signature, or a rule's METADATA. */
export function describe(workspace: RegoWorkspace, file: string, offset: number): string | undefined {
  const module = workspace.modules.find(each => each.file === file);
  const named = module && nameAt(module.text, offset);
  if (!module || !named) return undefined;
  const rules = rulesNamed(workspace, module, named.name);
  const signature = rules.length === 0 ? signatureOf(named.name) : undefined;
  if (signature !== undefined) return `\`\`\`rego\n${signature}\n\`\`\``;
  const [first] = rules;
  if (first === undefined) return undefined;
  const whole = ['data', ...first.module.package, ...pathOf(first.rule)].join('.');
  const notes = rules.flatMap(({ rule }) => rule.annotations ?? []).map(({ value }) => value);
  const told = notes.flatMap(({ title, description }) => [title, description]).filter(each => typeof each === 'string');
  return [`\`\`\`rego\n${whole}\n\`\`\``, ...told].join('\n\n');
}

/** Packages, rules and functions of a module, in the order they stand. */
export function namesIn(module: Module): DeclaredName[] {
  const span = (at: Place): Span => spanOfPlace(module.file, module.text, at);
  const name = module.package.join('.');
  const rules = module.rules.map(
    (rule): DeclaredName => ({
      name: pathOf(rule).join('.'),
      kind: rule.head.args === undefined ? 'rule' : 'function',
      where: span(rule.head.path[0]?.at ?? rule.at),
      whole: span(rule.at),
    }),
  );
  return [{ name, kind: 'package', where: span(module.packageAt), whole: span(module.packageAt) }, ...rules];
}

const KEYWORDS = ['as', 'contains', 'default', 'else', 'every', 'if', 'import', 'in', 'not', 'package', 'some', 'with'];

/** What may follow the part of a name that stands before an offset. The text may be one that cannot be read yet. */
export function suggest(workspace: RegoWorkspace, { file, text }: EditorText, offset: number): Suggestion[] {
  const typed = /[A-Za-z_][\w.]*$/.exec(text.slice(0, offset))?.[0] ?? '';
  const module = workspace.modules.find(each => each.file === file);
  const own = module?.package ?? /^\s*package\s+([\w.]+)/m.exec(text)?.[1]?.split('.') ?? [];
  const found = new Map<string, Suggestion>();
  const offer = (suggestion: Suggestion): void => {
    if (suggestion.name.startsWith(typed) && !found.has(suggestion.name)) found.set(suggestion.name, suggestion);
  };
  for (const each of workspace.modules)
    for (const rule of each.rules) {
      const path = pathOf(rule);
      const kind = rule.head.args === undefined ? 'rule' : 'function';
      const full = ['data', ...each.package, ...path].join('.');
      if (each.package.join('.') === own.join('.')) offer({ name: path.join('.'), kind, detail: full });
      offer({ name: full, kind });
    }
  for (const { path, alias } of module?.imports ?? [])
    offer({ name: alias ?? path.at(-1) ?? '', kind: 'import', detail: path.join('.') });
  for (const name of BUILTINS.keys()) {
    const detail = signatureOf(name);
    if (/^[a-z]/.test(name)) offer({ name, kind: 'builtin', ...(detail === undefined ? {} : { detail }) });
  }
  for (const name of ['input', 'data', ...KEYWORDS]) offer({ name, kind: 'keyword' });
  return [...found.values()];
}
