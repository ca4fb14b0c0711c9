import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { table } from './opa-eval-report.ts';
import { errorText, type Flags, listOf, parseFlags, textOf, versionOf } from './opa-flags.ts';
import { readSources } from './opa-sources.ts';

const WORD = /^[A-Za-z_]\w*$/;
const shown = (path: readonly string[]): string =>
  path.map((name, at) => (at === 0 ? name : WORD.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`)).join('');

const termsOf = (path: readonly string[]): unknown =>
  path.map((value, at) => ({ type: at === 0 ? 'var' : 'string', value }));

function pretty({ base, virtual }: rego.Dependencies): string {
  const columns = [['BASE DOCUMENTS', base] as const, ['VIRTUAL DOCUMENTS', virtual] as const].filter(
    ([, paths]) => paths.length > 0,
  );
  if (columns.length === 0) return '';
  const height = Math.max(...columns.map(([, paths]) => paths.length));
  const rows = Array.from({ length: height }, (_, row) =>
    columns.map(([, paths]) => (paths[row] ? shown(paths[row]) : '')),
  );
  return table(
    columns.map(([title]) => title),
    rows,
  );
}

/** `deps`: the documents a query is made of, given ones and those of rules. */
export async function deps(args: readonly string[], { terminal }: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    data: { type: 'string', short: 'd', multiple: true },
    bundle: { type: 'string', short: 'b', multiple: true },
  });
  const format = textOf(flags, 'format') ?? 'pretty';
  const [query] = flags.words;
  if (query === undefined || flags.words.length > 1 || !['pretty', 'json'].includes(format)) {
    terminal.err(
      query === undefined || flags.words.length > 1
        ? 'Specify exactly one query argument'
        : `Format "${format}" is none of pretty, json`,
    );
    return 1;
  }
  const texts = new Map([['query', query]]);
  try {
    const version = versionOf(flags);
    const { modules } = readSources({
      paths: listOf(flags, 'data'),
      bundles: listOf(flags, 'bundle'),
      ignore: listOf(flags, 'ignore'),
      version,
    });
    for (const module of modules) texts.set(module.file, module.text);
    const found = rego
      .compileRego(modules, rego.BUILTINS)
      .dependencies(query, { version, imports: ['in', 'every', 'if', 'contains'] });
    const data = {
      ...(found.base.length > 0 ? { base: found.base.map(termsOf) } : {}),
      ...(found.virtual.length > 0 ? { virtual: found.virtual.map(termsOf) } : {}),
    };
    const text = format === 'json' ? JSON.stringify(data, undefined, 2) : pretty(found);
    if (text !== '') terminal.out(text);
    return 0;
  } catch (error) {
    terminal.err(errorText(error, texts));
    return 1;
  }
}
