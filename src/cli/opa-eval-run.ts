import { readFileSync } from 'node:fs';
import { rego } from '../policy/index.ts';
import { listOf, textOf, type Flags } from './opa-flags.ts';

/** `5s`, `1m30s`, `250ms` in milliseconds; undefined for other text (Go's durations). */
export function durationOf(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return text === '0' ? 0 : undefined;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS], 0);
}

const UNIT_MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

const STEPS_BETWEEN_LOOKS = 1024;

/** Fuel that also runs out when the time does. */
class TimedFuel implements rego.Fuel {
  #left: number;
  #steps = 0;
  readonly #until_ms: number;

  constructor(left: number, until_ms: number) {
    this.#left = left;
    this.#until_ms = until_ms;
  }

  get left(): number {
    return this.#left;
  }

  set left(value: number) {
    this.#left = value;
    if (++this.#steps % STEPS_BETWEEN_LOOKS === 0 && performance.now() > this.#until_ms)
      throw new rego.EvaluationError('eval_cancel_error', 'context deadline exceeded');
  }
}

/** The world of one evaluation with a limit on its time, in milliseconds; 0 is none. */
export const limited = (builtins: rego.BuiltinContext, timeout_ms: number): rego.BuiltinContext =>
  timeout_ms === 0
    ? builtins
    : { ...builtins, fuel: new TimedFuel(builtins.fuel.left, performance.now() + timeout_ms) };

/** The functions a capabilities file allows; all without one. Throws SyntaxError for a file that is none. */
export function allowedBuiltins(flags: Flags): ReadonlyMap<string, rego.BuiltinDefinition> {
  const file = textOf(flags, 'capabilities');
  if (file === undefined) return rego.BUILTINS;
  const { builtins } = JSON.parse(readFileSync(file, 'utf8')) as { builtins?: readonly { name?: unknown }[] };
  if (!Array.isArray(builtins))
    throw new SyntaxError(`${file}: "builtins" is missing: write what "opa capabilities" prints`);
  const names = new Set((builtins as readonly { name?: unknown }[]).map(({ name }) => name));
  return new Map([...rego.BUILTINS].filter(([name]) => names.has(name)));
}

/** `--import data.x as y`: what the query may call by a short name. */
export const importsOf = (flags: Flags): readonly rego.Import[] =>
  listOf(flags, 'import').flatMap(
    text => rego.parseModule(`package query\nimport ${text}`, { file: 'query', version: 'v1' }).imports,
  );

/** Times the parts of one run, in nanoseconds. */
export class Timers {
  readonly #timers = new Map<string, number>();

  time<T>(name: string, run: () => T): T {
    const started = process.hrtime.bigint();
    try {
      return run();
    } finally {
      this.#timers.set(name, Number(process.hrtime.bigint() - started));
    }
  }

  report(): { readonly [name: string]: number } {
    return Object.fromEntries([...this.#timers].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** How the profile is wanted; undefined when it is not. Throws SyntaxError for an order that is none. */
export function profileWanted(flags: Flags): { orders: rego.ProfileOrder[]; limit: number } | undefined {
  const orders = listOf(flags, 'profile-sort').map(name => {
    const found = rego.PROFILE_ORDERS.find(order => order === name);
    if (!found) throw new SyntaxError(`"${name}" is no order of a profile: write ${rego.PROFILE_ORDERS.join(', ')}`);
    return found;
  });
  const limit = textOf(flags, 'profile-limit');
  if (flags.values.profile !== true && orders.length === 0 && limit === undefined) return undefined;
  return { orders, limit: Number(limit ?? 10) };
}
