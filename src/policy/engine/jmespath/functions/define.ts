import type { Json } from '../../../../kernel/index.ts';
import { jmesType, JmesError, type JmesValue } from '../value.ts';

/** What functions need of the world. */
export interface JmesPorts {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Lower case hexadecimal. */
  digest(algorithm: 'md5' | 'sha1' | 'sha256', text: string): string;
  parseYaml(text: string): Json;
  /** The registry of images that name none: absent is `docker.io`, empty is left out. */
  readonly defaultRegistry?: string | undefined;
}

/** A function by its signature: `add(any, any)`; types separated by `|`, `...` at the end repeats the last. */
export interface JmesFunction {
  readonly name: string;
  readonly signature: string;
  readonly args: readonly (readonly string[])[];
  readonly variadic: boolean;
  run(args: readonly JmesValue[], ports: JmesPorts): JmesValue;
}

/** A method's type: bodies may name the types that `checkCall` made sure of. */
type Body = { run(args: readonly JmesValue[], ports: JmesPorts): JmesValue }['run'];

/** Reads signatures and bodies. */
export function defineFunctions(table: Readonly<Record<string, Body>>): JmesFunction[] {
  return Object.entries(table).map(([signature, run]) => {
    const [, name, list] = /^(\w+)\((.*)\)$/.exec(signature)! as unknown as [string, string, string];
    const variadic = list.endsWith('...');
    const args = (variadic ? list.slice(0, -3) : list)
      .split(',')
      .map(type => type.trim())
      .filter(type => type !== '')
      .map(type => type.split('|'));
    return { name, signature, args, variadic, run };
  });
}

function fits(type: string, value: JmesValue): boolean {
  if (type === 'any') return true;
  const item = /^array\[(\w+)\]$/.exec(type)?.[1];
  if (item !== undefined) return Array.isArray(value) && value.every(each => jmesType(each) === item);
  return jmesType(value) === type;
}

/** Refuses a call whose arguments are not what the signature says. */
export function checkCall(definition: JmesFunction, given: readonly JmesValue[]): void {
  const { args, variadic } = definition;
  if (variadic ? given.length < args.length : given.length !== args.length) {
    throw new JmesError(args.length === 1 ? 'incorrect number of args' : 'Invalid arity.');
  }
  for (const [i, value] of given.entries()) {
    const types = args[Math.min(i, args.length - 1)]!;
    if (!types.some(type => fits(type, value)))
      throw new JmesError(
        `Invalid type for: ${value === null ? '<nil>' : JSON.stringify(value)}, expected: []jmespath.JpType{${types.map(type => `"${type}"`).join(', ')}}`,
      );
  }
}
