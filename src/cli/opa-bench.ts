import { readFileSync } from 'node:fs';
import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { partialOptions } from './opa-eval.ts';
import { ruleOf } from './opa-eval-report.ts';
import { importsOf } from './opa-eval-run.ts';
import { errorText, type Flags, isOn, listOf, oneOf, parseFlags, textOf, versionOf, worldOf } from './opa-flags.ts';
import { readDocument, readSources } from './opa-sources.ts';

const WARM_UP = 2_000;
const RUN_MS = 1_000;
const TIMER = 'histogram_timer_rego_query_eval_ns';
const QUANTILES = [0.75, 0.9, 0.95, 0.99, 0.999, 0.9999];

/** One run: how often in what time, and how the times of single evaluations lie. */
interface Sample {
  readonly count: number;
  readonly spent_ns: number;
  /** By OPA's names, in nanoseconds; empty where no metrics are wanted. */
  readonly extra: Readonly<Record<string, number>>;
}

/** The value that a share of sorted values lies below; between two of them it is taken in proportion. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length + 1);
  const below = Math.floor(place);
  if (below < 1) return sorted[0]!;
  if (below >= sorted.length) return sorted.at(-1)!;
  return sorted[below - 1]! + (place - below) * (sorted[below]! - sorted[below - 1]!);
}

function histogram(times_ns: readonly number[]): Record<string, number> {
  const sorted = Float64Array.from(times_ns).sort();
  const mean = sorted.reduce((sum, time) => sum + time, 0) / sorted.length;
  const variance = sorted.reduce((sum, time) => sum + (time - mean) ** 2, 0) / sorted.length;
  return {
    ...Object.fromEntries(QUANTILES.map(share => [`${TIMER}_${+(share * 100).toFixed(2)}%`, quantile(sorted, share)])),
    [`${TIMER}_count`]: sorted.length,
    [`${TIMER}_max`]: sorted.at(-1)!,
    [`${TIMER}_mean`]: mean,
    [`${TIMER}_median`]: quantile(sorted, 0.5),
    [`${TIMER}_min`]: sorted[0]!,
    [`${TIMER}_stddev`]: Math.sqrt(variance),
  };
}

function measure(once: () => number, hasMetrics: boolean): Sample {
  for (let i = 0; i < WARM_UP; i++) once();
  const times_ns: number[] = [];
  const started = performance.now();
  let now = started;
  let count = 0;
  while (now - started < RUN_MS) {
    const before = now;
    once();
    now = performance.now();
    count++;
    if (hasMetrics) times_ns.push((now - before) * 1e6);
  }
  return { count, spent_ns: (now - started) * 1e6, extra: hasMetrics ? histogram(times_ns) : {} };
}

/** Four figures at most, as benchmarks of Go are printed. */
const short = (value: number, whole: number): string =>
  value.toFixed(value === 0 || value >= whole ? 0 : value >= whole / 10 ? 1 : value >= whole / 100 ? 2 : 3);

function pretty({ count, spent_ns, extra }: Sample): string {
  const rows = [
    ['samples', String(count)],
    ['ns/op', short(spent_ns / count, 99.95)],
    ...Object.entries(extra).map(([name, value]) => [name, short(value, 99.95)]),
  ] as [string, string][];
  const widths = [0, 1].map(at => Math.max(...rows.map(row => row[at]!.length)));
  const rule = ruleOf(widths);
  const lines = rows.map(([name, value]) => `│ ${name.padEnd(widths[0]!)} │ ${value.padStart(widths[1]!)} │`);
  return [rule('┌', '┬', '┐'), ...lines, rule('└', '┴', '┘')].join('\n');
}

/** The Go benchmark data format. */
function gobench({ count, spent_ns, extra }: Sample): string {
  const values = [['ns/op', spent_ns / count] as const, ...Object.entries(extra)];
  const cells = values.map(([unit, value]) => `${short(value, 999.95).padStart(10)} ${unit}`);
  return [`BenchmarkOPAEval`, String(count).padStart(8), ...cells].join('\t');
}

const json = ({ count, spent_ns, extra }: Sample): string =>
  JSON.stringify({ N: count, T: Math.round(spent_ns), Extra: extra }, undefined, 2);

const FORMATS = { pretty, json, gobench };

/** What is run over and over: how many results it gives. */
function queryOf(flags: Flags, text: string, invocation: Invocation, texts: Map<string, string>): () => number {
  const version = versionOf(flags);
  const { modules, data } = readSources({
    paths: listOf(flags, 'data'),
    bundles: listOf(flags, 'bundle'),
    ignore: listOf(flags, 'ignore'),
    version,
  });
  for (const module of modules) texts.set(module.file, module.text);
  const file = flags.values['stdin-input'] === true ? '-' : textOf(flags, 'input');
  const input = file === undefined ? {} : { input: readDocument(file) };
  const inside = textOf(flags, 'package');
  const place = { version, uses: importsOf(flags), ...(inside === undefined ? {} : { package: inside }) };
  const program = rego.compileRego(modules, rego.BUILTINS);
  const evaluation = (): rego.Evaluation => ({ ...input, data, builtins: worldOf(invocation, false) });
  if (flags.values.partial === true) {
    const options = { ...place, ...partialOptions(flags) };
    return () => program.partially(text, options, evaluation()).queries.length;
  }
  const query = program.query(text, { ...place, imports: ['in', 'every', 'if', 'contains'], values: true });
  return () => query.evaluate(evaluation()).length;
}

/** `bench`: time of one query over and over; exit 1 for errors and, unless `--fail=false`, for nothing defined. */
export async function bench(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    data: { type: 'string', short: 'd', multiple: true },
    bundle: { type: 'string', short: 'b', multiple: true },
    input: { type: 'string', short: 'i' },
    'stdin-input': { type: 'boolean', short: 'I' },
    stdin: { type: 'boolean' },
    package: { type: 'string' },
    import: { type: 'string', multiple: true },
    partial: { type: 'boolean', short: 'p' },
    unknowns: { type: 'string', short: 'u', multiple: true },
    metrics: { type: 'boolean' },
    fail: { type: 'boolean' },
    count: { type: 'string' },
  });
  const { terminal } = invocation;
  const fromStdin = flags.values.stdin === true;
  if (flags.words.length !== (fromStdin ? 0 : 1)) {
    terminal.err(flags.words.length > 1 ? 'specify at most one query argument' : 'specify query argument or --stdin');
    return 1;
  }
  const text = fromStdin ? readFileSync(0, 'utf8') : flags.words[0]!;
  const texts = new Map([['query', text]]);
  try {
    const format = oneOf(flags, 'format', ['pretty', 'json', 'gobench']);
    const once = queryOf(flags, text, invocation, texts);
    if (once() === 0 && isOn(flags, 'fail', true)) {
      terminal.err('1 error occurred: undefined result');
      return 1;
    }
    for (let run = 0; run < Number(textOf(flags, 'count') ?? 1); run++)
      terminal.out(FORMATS[format](measure(once, isOn(flags, 'metrics', true))));
    return 0;
  } catch (error) {
    terminal.err(errorText(error, texts));
    return 1;
  }
}
