/** CEL over the observables: compiled once, typed, so that a misspelt name is found before the run. */
import type { Fault, Span } from '../../../base/index.ts';
import {
  celTypes,
  type CelEnvironment,
  type CelProgram,
  compileCel,
  extendEnvironment,
  KUBERNETES_ENVIRONMENT,
} from '../../../policy/index.ts';
import { scenarioFaults } from './faults.ts';
import { nearest } from './nearest.ts';
import type {
  AutoscalerView,
  DeliveryView,
  DeploymentView,
  JobView,
  Observables,
  PodCounts,
  TrafficView,
  WebhookView,
  WorkloadView,
} from './observables.ts';

/** Every name and its type: kept in step with observables.ts by the compiler. */
type Names<T> = { readonly [K in keyof T]-?: 'int' | 'double' | 'bool' };

const PODS: Names<PodCounts> = {
  total: 'int',
  pending: 'int',
  running: 'int',
  succeeded: 'int',
  failed: 'int',
  ready: 'int',
  terminating: 'int',
  unscheduled: 'int',
  restarts: 'int',
};
const WORKLOAD: Names<WorkloadView> = {
  replicas: 'int',
  current: 'int',
  ready: 'int',
  updated: 'int',
  available: 'int',
};
const DEPLOYMENT: Names<DeploymentView> = { ...WORKLOAD, complete: 'bool', stuck: 'bool', revision: 'int' };
const JOB: Names<JobView> = { active: 'int', succeeded: 'int', failed: 'int', complete: 'bool' };
const AUTOSCALER: Names<AutoscalerView> = { min: 'int', max: 'int', current: 'int', desired: 'int', limited: 'bool' };
const TRAFFIC: Names<TrafficView> = {
  rate: 'double',
  total: 'int',
  ok: 'int',
  errors: 'int',
  errorRate: 'double',
  mean_ms: 'double',
  p50_ms: 'double',
  p90_ms: 'double',
  p99_ms: 'double',
};

const WEBHOOK: Names<WebhookView> = { calls: 'int', denied: 'int', failed: 'int' };
const DELIVERY: Names<DeliveryView> = {
  synced: 'bool',
  wanted: 'int',
  applied: 'int',
  faults: 'int',
  behind: 'int',
};

type Named = Readonly<Record<string, 'int' | 'double' | 'bool'>>;
const OBJECTS: Readonly<Record<'pods' | 'nodes' | 'disruptions', Named>> = {
  pods: PODS,
  nodes: { total: 'int', ready: 'int' } satisfies Names<Observables['nodes']>,
  disruptions: { active: 'int', total: 'int' } satisfies Names<Observables['disruptions']>,
};
const MAPS: Readonly<Record<string, Named>> = {
  deployments: DEPLOYMENT,
  statefulsets: WORKLOAD,
  daemonsets: WORKLOAD,
  jobs: JOB,
  hpas: AUTOSCALER,
  namespaces: PODS,
  traffic: TRAFFIC,
  services: TRAFFIC,
  webhooks: WEBHOOK,
  deliveries: DELIVERY,
};
const SCALARS: Named = { cost: 'double', violations: 'int', time_s: 'double' };

/** Every name an expression may use, with what stands behind it: for the documentation and for slips. */
export const OBSERVABLE_NAMES: readonly (readonly [name: string, type: string])[] = [
  ...Object.entries(OBJECTS).flatMap(([name, fields]) =>
    Object.entries(fields).map(([field, type]) => [`${name}.${field}`, type] as const),
  ),
  ...Object.entries(MAPS).flatMap(([name, fields]) =>
    Object.entries(fields).map(([field, type]) => [`${name}[…].${field}`, type] as const),
  ),
  ...Object.entries(SCALARS),
];

const { objectOf, mapOf, typeFromText, STRING, DYN } = celTypes;

const typed = (name: string, fields: Named): celTypes.CelType =>
  objectOf(
    name,
    Object.entries(fields).map(([field, type]) => [field, typeFromText(type)] as const),
  );

/** What an expression is of: the run, one object, or the review a webhook is sent. */
export type ExpressionScope = 'run' | 'object' | 'review';

const REVIEW = ['request', 'object', 'oldObject'];

let environments: Readonly<Record<ExpressionScope, CelEnvironment>> | undefined;

function environmentOf(what: ExpressionScope): CelEnvironment {
  environments ??= {
    run: extendEnvironment(KUBERNETES_ENVIRONMENT, {
      variables: [
        ...Object.entries(OBJECTS).map(([name, fields]) => [name, typed(name, fields)] as const),
        ...Object.entries(MAPS).map(([name, fields]) => [name, mapOf(STRING, typed(name, fields))] as const),
        ...Object.entries(SCALARS).map(([name, type]) => [name, typeFromText(type)] as const),
      ],
    }),
    object: extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: [['object', DYN]] }),
    review: extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: REVIEW.map(name => [name, DYN] as const) }),
  };
  return environments[what];
}

/** Whether an expression holds; a text says why that cannot be told (a map without that name, say). */
export type Verdict = boolean | { readonly error: string };

export interface Expression {
  readonly text: string;
  /** The first names it uses: `pods`, `deployments`. */
  readonly roots: readonly string[];
  /** Of the observables, or of {object}. */
  holds(values: Readonly<Record<string, unknown>>): Verdict;
  /** The names it uses and what they are now, to be shown where it does not hold. */
  told(values: Readonly<Record<string, unknown>>): string;
}

/** Where in a document a place of an expression is; `line` and `column` count from 1 in the expression. */
export type Locate = (line: number, column: number) => Span;

const KNOWN = [
  ...Object.keys(OBJECTS),
  ...Object.keys(MAPS),
  ...Object.keys(SCALARS),
  ...[...Object.values(OBJECTS), ...Object.values(MAPS)].flatMap(fields => Object.keys(fields)),
];

function explained(fault: Fault, locate: Locate): Fault {
  const reason = String(fault.params.message);
  const name = /(?:reference to|undefined field) '([^']+)'/.exec(reason)?.[1] ?? '';
  const place = typeof fault.where === 'object' ? fault.where : { line: 1, column: 1 };
  const near = name === '' ? { en: '', zh: '' } : nearest(name, KNOWN);
  return scenarioFaults.make('expression', { reason, near }, locate(place.line, place.column));
}

/** True for a chain of names and nothing else. */
export const isChain = (text: string): boolean => text.match(CHAINS)?.[0] === text;

/** Chains of names in an expression: `pods.pending`, `deployments['shop/web'].ready`. */
const CHAINS = /\b[a-z]\w*(?:\.[A-Za-z_]\w*|\[(?:'[^']*'|"[^"]*")\])*/g;

function chainsOf(program: CelProgram, roots: ReadonlySet<string>): readonly string[] {
  const found = (program.text.match(CHAINS) ?? []).filter(chain => roots.has(/^\w+/.exec(chain)![0]));
  return [...new Set(found)];
}

/** What a chain of names such as `deployments['shop/web'].ready` is; undefined where there is nothing. */
export function chainValue(chain: string, values: Readonly<Record<string, unknown>>): unknown {
  const steps = chain.match(/^\w+|(?<=\.)\w+|(?<=\[['"])[^'"]*/g) ?? [];
  return steps.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step)
        ? (at as Record<string, unknown>)[step]
        : undefined,
    values,
  );
}

const shown = (value: unknown): string =>
  value === undefined
    ? 'absent'
    : typeof value === 'number'
      ? String(Math.round(value * 1e6) / 1e6)
      : JSON.stringify(value);

/** Compiles an expression that must be a truth value. Faults: syntax, names that are not known, other types. */
export function compileExpression(
  text: string,
  what: ExpressionScope,
  locate: Locate,
): Expression | { readonly faults: readonly Fault[] } {
  const { value: program, faults } = compileCel(text, environmentOf(what));
  if (faults.length > 0) return { faults: faults.map(fault => explained(fault, locate)) };
  if (program.type.name !== 'bool' && program.type.kind !== 'dyn') {
    const reason = `it is of type ${program.type.name}, and must be bool`;
    return { faults: [scenarioFaults.make('expression', { reason, near: { en: '', zh: '' } }, locate(1, 1))] };
  }
  const roots = new Set(
    what === 'run' ? [...Object.keys(OBJECTS), ...Object.keys(MAPS), ...Object.keys(SCALARS)] : REVIEW,
  );
  const chains = chainsOf(program, roots);
  return {
    text,
    roots: [...new Set(chains.map(chain => /^\w+/.exec(chain)![0]))],
    holds(values) {
      const result = program.evaluate(values as Parameters<CelProgram['evaluate']>[0]);
      if ('error' in result) return { error: result.error };
      return typeof result.value === 'boolean' ? result.value : { error: `not a truth value` };
    },
    told(values) {
      return chains
        .filter(chain => {
          const value = chainValue(chain, values);
          return typeof value !== 'object' && (value !== undefined || chain.includes('['));
        })
        .slice(0, 8)
        .map(chain => `${chain}=${shown(chainValue(chain, values))}`)
        .join(', ');
    },
  };
}
