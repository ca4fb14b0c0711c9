import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { errorText, type Flags, listOf, parseFlags, textOf, versionOf, worldOf } from './opa-flags.ts';
import { readDocument, readSources } from './opa-sources.ts';

const WARM_UP = 2_000;
const RUN_MS = 1_000;

/** `bench`: time of one query over and over. */
export async function bench(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    data: { type: 'string', short: 'd', multiple: true },
    bundle: { type: 'string', short: 'b', multiple: true },
    input: { type: 'string', short: 'i' },
    count: { type: 'string' },
  });
  const { terminal } = invocation;
  const texts = new Map([['query', flags.words[0] ?? '']]);
  try {
    const version = versionOf(flags);
    const { modules, data } = readSources({
      paths: listOf(flags, 'data'),
      bundles: listOf(flags, 'bundle'),
      ignore: listOf(flags, 'ignore'),
      version,
    });
    for (const module of modules) texts.set(module.file, module.text);
    const file = textOf(flags, 'input');
    const input = file === undefined ? {} : { input: readDocument(file) };
    const query = rego
      .compileRego(modules, rego.BUILTINS)
      .query(flags.words[0] ?? '', { version, imports: ['in', 'every'], values: true });
    const once = (): number => query.evaluate({ ...input, data, builtins: worldOf(invocation, false) }).length;
    if (once() === 0) {
      terminal.err('query is undefined');
      return 1;
    }
    for (let i = 0; i < WARM_UP; i++) once();
    for (let run = 0; run < Number(textOf(flags, 'count') ?? 1); run++) {
      const started = performance.now();
      let n = 0;
      for (; performance.now() - started < RUN_MS; n++) once();
      const spent_ns = (performance.now() - started) * 1e6;
      terminal.out(
        textOf(flags, 'format') === 'json'
          ? `${JSON.stringify({ N: n, T: Math.round(spent_ns) })}`
          : `${n} samples, ${Math.round(spent_ns / n)} ns/op`,
      );
    }
    return 0;
  } catch (error) {
    terminal.err(errorText(error, texts));
    return 1;
  }
}
