import type { BuiltinDefinition } from '../compile.ts';
import { aggregates } from './aggregates.ts';
import { aws } from './aws.ts';
import { bits } from './bits.ts';
import { core } from './core.ts';
import { crypto } from './crypto.ts';
import { effects } from './effects.ts';
import { encoding } from './encoding.ts';
import { glob } from './glob.ts';
import { graph } from './graph.ts';
import { graphql } from './graphql.ts';
import { identity } from './identity.ts';
import { json } from './json.ts';
import { jsonSchema } from './json-schema.ts';
import { jwt } from './jwt.ts';
import { modules } from './modules.ts';
import { net } from './net.ts';
import { objects } from './objects.ts';
import { regex } from './regex.ts';
import { semver } from './semver.ts';
import { strings } from './strings.ts';
import { template } from './template.ts';
import { time } from './time.ts';
import { units } from './units.ts';

/** Every family; a builtin is a line in its family's table. */
const FAMILIES: readonly Readonly<Record<string, Omit<BuiltinDefinition, 'name'>>>[] = [
  core,
  aggregates,
  strings,
  objects,
  bits,
  encoding,
  json,
  glob,
  regex,
  graph,
  net,
  effects,
  units,
  semver,
  identity,
  time,
  crypto,
  jwt,
  template,
  aws,
  graphql,
  jsonSchema,
  modules,
];

/** All builtins by name. */
export const BUILTINS: ReadonlyMap<string, BuiltinDefinition> = new Map(
  FAMILIES.flatMap(family =>
    Object.entries(family).map(([name, definition]) => [name, { name, ...definition }] as const),
  ),
);
