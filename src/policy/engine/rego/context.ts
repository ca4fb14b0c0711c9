import type { RegoCrypto } from './ports.ts';
import type { BuiltinContext } from './runtime.ts';
import type { Value } from './value.ts';

export interface BuiltinOptions {
  /** Steps an evaluation may take. */
  readonly fuel: number;
  /** Builtin errors end the evaluation instead of being undefined. */
  readonly strict?: boolean;
  /** Nanoseconds since the epoch; the same all through one evaluation. */
  readonly now_ns?: bigint;
  readonly random?: (seedKey: string) => number;
  readonly environment?: Value;
  readonly answers?: ReadonlyMap<string, Value>;
  readonly crypto?: RegoCrypto;
}

/** The world of one evaluation, every part of it given. */
export function builtinContext(options: BuiltinOptions): BuiltinContext {
  return {
    now_ns: options.now_ns ?? 0n,
    random: options.random ?? (() => 0),
    environment: options.environment ?? {},
    fuel: { left: options.fuel },
    cache: new Map(),
    printed: [],
    strict: options.strict ?? false,
    errors: [],
    answers: options.answers ?? new Map(),
    needs: new Map(),
    notes: [],
    ...(options.crypto ? { crypto: options.crypto } : {}),
  };
}
