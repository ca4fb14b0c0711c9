import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { errorText, listOf, OPA_VERSION, parseFlags, reportsOf, textOf, type Flags, versionOf } from './opa-flags.ts';
import { readSources } from './opa-sources.ts';

/** `check`: parses and compiles; exit 1 with every error of the first kind found. */
export async function check(args: readonly string[], { terminal }: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    strict: { type: 'boolean', short: 'S' },
    bundle: { type: 'boolean', short: 'b' },
    'max-errors': { type: 'string', short: 'm' },
  });
  const texts = new Map<string, string>();
  try {
    const bundle = flags.values.bundle === true;
    const { modules } = readSources({
      paths: bundle ? [] : flags.words,
      bundles: bundle ? flags.words : [],
      ignore: listOf(flags, 'ignore'),
      version: versionOf(flags),
    });
    for (const module of modules) texts.set(module.file, module.text);
    if (flags.values.strict === true) rego.checkStrict(modules);
    rego.compileRego(modules, rego.BUILTINS);
    return 0;
  } catch (error) {
    if (textOf(flags, 'format') === 'json')
      terminal.err(JSON.stringify({ errors: reportsOf(error, texts) }, undefined, 2));
    else terminal.err(errorText(error, texts));
    return 1;
  }
}

/** `capabilities`: the builtins this program knows. */
export async function capabilities(args: readonly string[], { terminal }: Invocation): Promise<number> {
  parseFlags(args, {});
  const builtins = [...rego.BUILTINS.values()]
    .map(({ name, arity }) => ({ name, arity }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  terminal.out(
    `${JSON.stringify({ builtins, features: ['keywords_in_refs', 'rego_v1', 'rego_v2', 'rego_v2_import', 'template_strings'] }, undefined, 2)}`,
  );
  return 0;
}

/** `parse`: the tree of one module. */
export async function parse(args: readonly string[], { terminal }: Invocation): Promise<number> {
  const flags = parseFlags(args, {});
  const texts = new Map<string, string>();
  try {
    const { modules } = readSources({ paths: flags.words.slice(0, 1), version: versionOf(flags) });
    for (const module of modules) terminal.out(`${JSON.stringify(rego.toJson(rego.moduleJson(module)), undefined, 2)}`);
    return 0;
  } catch (error) {
    terminal.err(errorText(error, texts));
    return 1;
  }
}

/** `version`: which OPA's language and builtins these are. */
export async function version(args: readonly string[], { terminal }: Invocation): Promise<number> {
  parseFlags(args, {});
  terminal.out(`Version: ${OPA_VERSION}\nRego Version: v1\nWebAssembly: unavailable`);
  return 0;
}
