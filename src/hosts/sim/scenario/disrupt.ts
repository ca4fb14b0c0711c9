/** Disruptions of a scenario: settings as people write them, and targets that are there. */
import type { Json, JsonObject } from '../../../kernel/index.ts';
import { checkDisruption } from '../disruptions/check.ts';
import { disruptionFaults } from '../disruptions/faults.ts';
import { DISRUPTION_KINDS } from '../disruptions/kinds.ts';
import type { Disruption } from '../model.ts';
import { scenarioFaults } from './faults.ts';
import type { Step, World } from './model.ts';
import { nearest } from './nearest.ts';
import { BAD, type Bad, into, type Reader, type Shape, text } from './shape.ts';
import { readDuration, readOffset, readShare } from './units.ts';

const KINDS = [...DISRUPTION_KINDS.keys()];

/** The name of a kind of disruption. */
export const disruptionKind: Shape<string> = {
  ...into(text({ en: 'a kind of disruption', zh: '扰动类型' }), (kind, path, reader): string | Bad => {
    if (DISRUPTION_KINDS.has(kind)) return kind;
    const of = { en: 'kind of disruption', zh: '扰动类型' };
    const params = { of, name: kind, near: nearest(kind, KINDS), known: KINDS.join(', ') };
    return reader.fault(scenarioFaults.make('not-known', params, reader.at(path)));
  }),
  schema: { enum: [...KINDS] },
};

/** `restart: 5s` for the setting `restart_ms`, `share: 20%` for a share: as the table of kinds has them. */
export function settingsOf(kindName: string, given: Readonly<Record<string, Json>>): JsonObject {
  const known = DISRUPTION_KINDS.get(kindName)?.settings ?? {};
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const inTime = known[`${key}_ms`];
      if (!known[key] && inTime?.type === 'number') {
        const time = inTime.min < 0 ? readOffset(value) : readDuration(value);
        return [`${key}_ms`, time ?? value];
      }
      const schema = known[key];
      const share = schema?.type === 'number' && typeof value === 'string' ? readShare(value) : undefined;
      return [key, share ?? value];
    }),
  );
}

interface Known {
  readonly nodes: ReadonlySet<string>;
  readonly zones: ReadonlySet<string>;
}

function knownOf(world: World, steps: readonly Step[]): Known {
  const nodes = new Set(world.nodes.flatMap(({ names }) => names));
  const zones = new Set(world.nodes.map(({ zone }) => zone));
  for (const step of steps) {
    if (step.do !== 'apply') continue;
    for (const { object } of step.objects) {
      if (object.kind !== 'Node') continue;
      nodes.add(object.metadata.name ?? '');
      zones.add(object.metadata.labels?.['topology.kubernetes.io/zone'] ?? '');
    }
  }
  return { nodes, zones };
}

/** The target as the run knows it: a node's name may stand for its kubelet where a process or place is meant. */
function targetOf(disruption: Disruption, { nodes, zones }: Known, reader: Reader): string | undefined | Bad {
  const { kind, target, where } = disruption;
  const wanted = DISRUPTION_KINDS.get(kind)?.target;
  if (target === undefined) return undefined;
  const unknown = (known: Iterable<string>): Bad => {
    const params = { target: wanted ?? '', name: target, known: [...known].join(', ').slice(0, 300) || '-' };
    return reader.fault(disruptionFaults.make('unknown-target', params, where));
  };
  const kubelet = target.startsWith('kubelet/') ? target.slice(8) : undefined;
  if (kubelet !== undefined && !nodes.has(kubelet)) return unknown(nodes);
  if (wanted === 'node') return nodes.has(target) ? target : unknown(nodes);
  if ((wanted === 'process' || wanted === 'place') && nodes.has(target)) return `kubelet/${target}`;
  if (wanted === 'place' && kubelet === undefined && target !== 'control' && !zones.has(target))
    return unknown(['control', ...zones, ...nodes]);
  return target;
}

/** Every disruption as the run takes it; what cannot be goes to the reader's faults. */
export function checkedDisruptions(steps: readonly Step[], world: World, reader: Reader): readonly Step[] {
  if (!steps.some(step => step.do === 'disrupt')) return steps;
  const known = knownOf(world, steps);
  return steps.map(step => {
    if (step.do !== 'disrupt') return step;
    for (const fault of checkDisruption(step.disruption)) reader.fault(fault);
    const target = targetOf(step.disruption, known, reader);
    if (target === BAD || target === undefined) return step;
    return { ...step, disruption: { ...step.disruption, target } };
  });
}
