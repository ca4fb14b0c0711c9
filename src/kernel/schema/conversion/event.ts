import type { JsonObject, KindRef, KubeObject } from '../../object.ts';

/** Fields whose names differ between v1 and events.k8s.io/v1 Events. */
const NAMES: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

/** v1 Event <-> events.k8s.io/v1 Event: one record under two names (Kubernetes API reference, Event). */
export function convertEvent(object: KubeObject, to: KindRef): KubeObject {
  const toCore = to.group === '';
  const rename = new Map(NAMES.map(([core, events]) => (toCore ? [events, core] : [core, events])));
  const converted: JsonObject = {};
  for (const [name, value] of Object.entries(object)) converted[rename.get(name) ?? name] = value as JsonObject;
  return { ...converted, apiVersion: toCore ? to.version : `${to.group}/${to.version}` } as KubeObject;
}
