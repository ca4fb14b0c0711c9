import type { Language } from '../base/index.ts';
import type { Command, Invocation } from './command.ts';
import { HelpAsked } from './opa-flags.ts';
import { verbHelp, VERB_SUMMARIES } from './opa-help.ts';

type Verb = (args: readonly string[], invocation: Invocation) => Promise<number>;

/** Sub-commands; only the one that runs is read from disk. */
const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  eval: async () => (await import('./opa-eval.ts')).evaluate,
  test: async () => (await import('./opa-test.ts')).test,
  check: async () => (await import('./opa-check.ts')).check,
  fmt: async () => (await import('./opa-fmt.ts')).format,
  parse: async () => (await import('./opa-check.ts')).parse,
  capabilities: async () => (await import('./opa-check.ts')).capabilities,
  bench: async () => (await import('./opa-bench.ts')).bench,
  deps: async () => (await import('./opa-deps.ts')).deps,
  build: async () => (await import('./opa-build.ts')).build,
  sign: async () => (await import('./opa-build.ts')).sign,
  inspect: async () => (await import('./opa-build.ts')).inspect,
  run: async () => (await import('./opa-server.ts')).serve,
  exec: async () => (await import('./opa-exec.ts')).execute,
  version: async () => (await import('./opa-check.ts')).version,
};

const USAGE = `tenon opa ${Object.keys(VERBS).join('|')} [flags]`;

function overview(language: Language): string {
  const lines = Object.keys(VERBS).map(name => `  tenon opa ${name.padEnd(14)}${VERB_SUMMARIES[name]![language]}`);
  return [USAGE, '', ...lines].join('\n');
}

/** OPA's command line over our own engine. */
export const command: Command = {
  name: 'opa',
  summary: {
    en: 'Evaluate, test, check, format and serve Rego policies',
    zh: '求值、测试、检查、格式化和提供 Rego 策略',
  },
  usage: `${Object.keys(VERBS).join('|')} [OPA's flags]`,
  examples: ["tenon opa eval -d policy/ -i input.json 'data.authz.allow'", 'tenon opa test policy/ -v'],
  raw: true,
  async run(invocation) {
    const [name, ...args] = invocation.positionals;
    const { terminal } = invocation;
    if (name === undefined || name === '--help' || name === '-h') {
      terminal.out(overview(terminal.language));
      return 0;
    }
    if (!Object.hasOwn(VERBS, name)) {
      terminal.err(`Unknown command "${name}": ${USAGE}`);
      return 2;
    }
    try {
      return await (await VERBS[name]!())(args, invocation);
    } catch (error) {
      if (error instanceof HelpAsked) {
        terminal.out(verbHelp(name, error.options, terminal.language));
        return 0;
      }
      const known = (error as { code?: string }).code ?? (error as Error).name;
      if (!/^(ERR_PARSE_ARGS|ENOENT|EISDIR|EACCES|SyntaxError|MergeError|YAMLParseError)/.test(known)) {
        if (!/^(SyntaxError|Error)$/.test((error as Error).constructor.name)) throw error;
      }
      terminal.err(`error: ${(error as Error).message}`);
      return 2;
    }
  },
};
