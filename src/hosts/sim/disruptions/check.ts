import type { Fault } from '../../../base/index.ts';
import type { Json } from '../../../kernel/index.ts';
import type { Disruption } from '../model.ts';
import { disruptionFaults } from './faults.ts';
import { DISRUPTION_KINDS, type DisruptionKind, type SettingSchema } from './kinds.ts';

function fits(schema: SettingSchema, value: Json): boolean {
  switch (schema.type) {
    case 'number':
      return typeof value === 'number' && value >= schema.min && value <= schema.max;
    case 'text':
      return typeof value === 'string' && (schema.of === undefined || schema.of.includes(value));
    case 'switch':
      return typeof value === 'boolean';
  }
}

function wantedOf(schema: SettingSchema): string {
  if (schema.type === 'number') return `${schema.min} … ${schema.max}`;
  if (schema.type === 'switch') return 'true | false';
  return schema.of ? schema.of.join(' | ') : '"…"';
}

/** Everything that is wrong with a disruption before it is tried; empty when nothing is. */
export function checkDisruption(disruption: Disruption): Fault[] {
  const { kind: name, at_ms, for_ms, settings, target, where } = disruption;
  const kind = DISRUPTION_KINDS.get(name);
  if (!kind) {
    const kinds = [...DISRUPTION_KINDS.keys()].join(', ');
    return [disruptionFaults.make('unknown-kind', { kind: name, kinds }, where)];
  }
  const faults: Fault[] = [];
  if (!(at_ms >= 0) || (for_ms !== undefined && !(for_ms > 0)))
    faults.push(disruptionFaults.make('bad-time', { at_ms, for_ms: for_ms ?? 0 }, where));
  if (kind.needsTarget && !target)
    faults.push(disruptionFaults.make('no-target', { kind: name, name: disruption.name, target: kind.target }, where));
  for (const [key, value] of Object.entries(settings)) {
    const schema = kind.settings[key];
    if (!schema) {
      const known = Object.keys(kind.settings).join(', ') || '-';
      faults.push(disruptionFaults.make('unknown-setting', { kind: name, name: key, settings: known }, where));
    } else if (!fits(schema, value)) {
      const params = { kind: name, name: key, value: JSON.stringify(value), wanted: wantedOf(schema) };
      faults.push(disruptionFaults.make('bad-setting', params, where));
    }
  }
  return faults;
}

/** What this run has none of: a node or process that is not there. */
export function checkTarget(
  disruption: Disruption,
  kind: DisruptionKind,
  known: { readonly nodes: readonly string[]; readonly processes: readonly string[] },
): Fault[] {
  const { target, where } = disruption;
  if (!target || (kind.target !== 'node' && kind.target !== 'process')) return [];
  const names = kind.target === 'node' ? known.nodes : known.processes;
  if (names.includes(target)) return [];
  const params = { target: kind.target, name: target, known: names.join(', ') || '-' };
  return [disruptionFaults.make('unknown-target', params, where)];
}
