/** Cases of the horizontal autoscaler: replica calculation, groups of pods, behaviour, stabilization, remembered events. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  averageReplicas,
  behaviorOf,
  changeIn,
  DEFAULT_SETTINGS,
  groupPods,
  limit,
  NoProposal,
  type PodMetric,
  type PodsQuestion,
  type Proposal,
  remember,
  rulesOf,
  type ScaledPod,
  type Settings,
  sharedReplicas,
  stabilize,
  stabilizeDown,
  utilizationReplicas,
  valueReplicas,
} from '../src/scaling/index.ts';
import type { CaseResult, SuiteRunner } from './runner.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const WINDOW_MS = 60_000;
const COOL_MS = 180_000;
const LONG_AGO_MS = 0;

interface Rules {
  readonly stabilizationWindowSeconds?: number;
}
interface AgedEvent {
  readonly change: number;
  readonly ageSeconds: number;
}
interface GroupedPod {
  readonly name: string;
  readonly phase: string;
  readonly startAgeSeconds: number | null;
  readonly ready: string | null;
  readonly readyTransitionAgeSeconds: number | null;
}

/** A case as the files write it: the fields of every kind of case, each there where its kind has it. */
interface Case {
  readonly name: string;
  readonly expect: Readonly<Record<string, unknown>>;
  readonly kind: string;
  readonly resource: string;
  readonly currentReplicas: number;
  readonly desiredReplicas: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly replicaChange: number;
  readonly targetUtilization: number;
  readonly targetMilli: number;
  readonly perPodTargetMilli: number;
  readonly requestsMilliPerContainer?: readonly number[];
  readonly levelsMilliPerContainer?: readonly number[];
  readonly levelsMilli?: readonly number[];
  readonly metricPodNames?: readonly string[];
  readonly podPhase?: readonly string[];
  readonly podReadiness?: readonly string[];
  readonly podStart?: readonly string[];
  readonly pods: readonly GroupedPod[];
  readonly metrics: Readonly<Record<string, { value: number; ageSeconds?: number; windowSeconds?: number }>>;
  readonly scaleUp: Rules | null;
  readonly scaleDown: Rules | null;
  readonly rules: Rules | null;
  readonly scaleUpEvents: readonly AgedEvent[];
  readonly scaleDownEvents: readonly AgedEvent[];
  readonly prev: readonly AgedEvent[];
  readonly recommendations: readonly { readonly replicas: number; readonly ageSeconds: number }[];
  readonly scaleUpWindowSeconds: number;
  readonly scaleDownWindowSeconds: number;
  readonly windowSeconds: number;
}

interface Given {
  readonly settings?: Readonly<Record<string, number>>;
}

type Judge = (given: Case, settings: Settings) => unknown;

const ago = (seconds: number | null | undefined): number => NOW_MS - (seconds ?? 0) * 1000;
const rulesFor = (rules: Rules | null): Parameters<typeof rulesOf>[0] => (rules ?? undefined) as never;

function calculatorPods(given: Case, containers: number): ScaledPod[] {
  const count = Math.max(given.currentReplicas, given.podPhase?.length ?? 0, given.podReadiness?.length ?? 0);
  return Array.from({ length: count }, (_, index) => {
    const start = given.podStart?.[index];
    const startedAt_ms = start === 'hot' ? NOW_MS : start === 'cool' ? NOW_MS - COOL_MS : LONG_AGO_MS;
    const request = given.requestsMilliPerContainer?.[index];
    return {
      name: `pod-${index}`,
      phase: given.podPhase?.[index] ?? 'Running',
      deleted: false,
      startedAt_ms,
      ready: { status: (given.podReadiness?.[index] ?? 'True') === 'True', since_ms: startedAt_ms },
      requests: Array.from({ length: containers }, (_each, at) => ({
        container: `c${at}`,
        milli: request === undefined ? {} : { [given.resource]: request },
      })),
    };
  });
}

function calculate(given: Case, settings: Settings, containers: number): Proposal {
  const pods = calculatorPods(given, containers);
  const { currentReplicas: current } = given;
  const tolerance = { up: settings.tolerance, down: settings.tolerance };
  const levels: number[] = given.levelsMilliPerContainer?.map(level => level * containers) ?? [
    ...(given.levelsMilli ?? []),
  ];
  if (given.kind === 'object' || given.kind === 'external')
    return valueReplicas(current, levels[0]!, given.targetMilli, pods, tolerance);
  if (given.kind.endsWith('PerPod')) return sharedReplicas(current, levels[0]!, given.perPodTargetMilli, tolerance);
  const names = given.metricPodNames ?? pods.map(({ name }) => name);
  const metrics = new Map<string, PodMetric>(
    levels.map((valueMilli, index) => [names[index]!, { valueMilli, at_ms: NOW_MS, window_ms: WINDOW_MS }]),
  );
  const resource = given.kind === 'resource' ? given.resource : '';
  const question: PodsQuestion = { current, pods, metrics, resource, now_ms: NOW_MS, tolerance, settings };
  return given.kind === 'resource'
    ? utilizationReplicas(question, given.targetUtilization)
    : averageReplicas(question, given.targetMilli);
}

function judgeCalculator(containers: number): Judge {
  return (given, settings) => {
    const wanted = given.expect;
    try {
      const { replicas, utilization, milli } = calculate(given, settings, containers);
      const got: Record<string, unknown> = { replicas, utilization, rawValueMilli: milli, utilizationMilli: milli };
      return Object.fromEntries(Object.keys(wanted).map(name => [name, got[name]]));
    } catch (error) {
      if (!(error instanceof NoProposal)) throw error;
      const told = error.message.includes(String(wanted.errorContains)) ? wanted.errorContains : error.message;
      return { errorContains: told };
    }
  };
}

const judgeGroups: Judge = (given, settings) => {
  const pods: ScaledPod[] = given.pods.map(pod => ({
    name: pod.name,
    phase: pod.phase,
    deleted: false,
    ...(pod.startAgeSeconds === null ? {} : { startedAt_ms: ago(pod.startAgeSeconds) }),
    ...(pod.ready === null
      ? {}
      : { ready: { status: pod.ready === 'True', since_ms: ago(pod.readyTransitionAgeSeconds) } }),
    requests: [],
  }));
  const metrics = new Map<string, PodMetric>(
    Object.entries(given.metrics).map(([name, metric]) => [
      name,
      {
        valueMilli: metric.value,
        at_ms: metric.ageSeconds === undefined ? LONG_AGO_MS : ago(metric.ageSeconds),
        window_ms: (metric.windowSeconds ?? 0) * 1000,
      },
    ]),
  );
  const { ready, unready, missing, ignored } = groupPods(pods, metrics, given.resource, NOW_MS, settings);
  return { readyPodCount: ready, ignored: [...unready, ...ignored].sort(), missing: [...missing].sort() };
};

const eventsOf = (events: readonly AgedEvent[]) =>
  events.map(({ change, ageSeconds }) => ({ change: Number(change), at_ms: ago(ageSeconds), outdated: false }));

const judgeRate: Judge = given => {
  const behavior = behaviorOf({ scaleUp: rulesFor(given.scaleUp), scaleDown: rulesFor(given.scaleDown) } as never);
  const events = { ups: eventsOf(given.scaleUpEvents), downs: eventsOf(given.scaleDownEvents) };
  const bounds = { min: given.minReplicas, max: given.maxReplicas };
  const { replicas, reason } = limit(given.currentReplicas, given.desiredReplicas, bounds, behavior, events, NOW_MS);
  return { replicas, condition: reason };
};

const judgeEvents: Judge = given => {
  const before = eventsOf(given.prev);
  const changePer60s = changeIn(before, 60, NOW_MS);
  const after =
    given.rules === null
      ? []
      : remember(before, given.replicaChange, rulesOf(rulesFor(given.rules), behaviorOf(undefined).up), NOW_MS);
  return { changePer60s, events: after.map(({ change, outdated }) => ({ change, outdated })) };
};

const recommendationsOf = (given: Case) =>
  given.recommendations.map(each => ({ replicas: each.replicas, at_ms: ago(each.ageSeconds) }));

const judgeStabilization: Judge = given => {
  const { up, down } = behaviorOf(undefined);
  const behavior = {
    up: { ...up, window_s: given.scaleUpWindowSeconds },
    down: { ...down, window_s: given.scaleDownWindowSeconds },
  };
  const made = stabilize(given.currentReplicas, given.desiredReplicas, behavior, recommendationsOf(given), NOW_MS);
  const after = made.recommendations.map(({ replicas }) => replicas);
  return { replicas: made.replicas, ...(given.expect.recommendationsAfter ? { recommendationsAfter: after } : {}) };
};

const judgeLegacy: Judge = given => {
  const made = stabilizeDown(given.desiredReplicas, recommendationsOf(given), given.windowSeconds * 1000, NOW_MS);
  return { replicas: made.replicas, logLength: made.recommendations.length };
};

/** Lists of cases by the file and member they stand in. */
function judgeOf(file: string, member: string, containers: number): Judge | undefined {
  if (file === 'replica_calculator') return judgeCalculator(containers);
  if (file === 'group_pods') return judgeGroups;
  if (file === 'behavior_rate') return judgeRate;
  if (file === 'scale_events') return judgeEvents;
  return file === 'stabilization' ? (member === 'legacyWindow' ? judgeLegacy : judgeStabilization) : undefined;
}

const FILES = ['behavior_rate', 'group_pods', 'replica_calculator', 'scale_events', 'stabilization'];

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
      : member,
  );

/** Groups of pods have no order. */
function expectedOf(file: string, expect: Case['expect']): Case['expect'] {
  if (file !== 'group_pods') return expect;
  const inOrder = (names: unknown): unknown => (Array.isArray(names) ? names.toSorted() : names);
  return { ...expect, ignored: inOrder(expect.ignored), missing: inOrder(expect.missing) };
}

export const runner: SuiteRunner = {
  suite: 'telemetry/hpa',
  async *run({ cases }): AsyncIterable<CaseResult> {
    for (const file of FILES) {
      const path = join(cases, `${file}.json`);
      if (!existsSync(path)) continue;
      const document = JSON.parse(readFileSync(path, 'utf8')) as Given;
      const given = document.settings ?? {};
      const settings: Settings = {
        ...DEFAULT_SETTINGS,
        tolerance: given.tolerance ?? DEFAULT_SETTINGS.tolerance,
        cpuInitialization_ms: (given.cpuInitializationPeriodSeconds ?? 120) * 1000,
        initialReadiness_ms: (given.delayOfInitialReadinessStatusSeconds ?? 10) * 1000,
      };
      for (const [member, list] of Object.entries(document)) {
        const judge = judgeOf(file, member, given.containersPerPod ?? 1);
        if (!Array.isArray(list) || !judge) continue;
        for (const one of list as Case[]) {
          const name = `${file}/${member === 'cases' ? '' : `${member}/`}${one.name}`;
          const expected = sorted(expectedOf(file, one.expect));
          const got = sorted(judge(one, settings));
          yield got === expected ? { case: name, result: 'passed' } : { case: name, result: 'failed', expected, got };
        }
      }
    }
  },
};
