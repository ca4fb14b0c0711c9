import type { JsonObject } from '../object.ts';
import { COLLECTIONS, KEPT_BY_SERVERS } from './parity-options.ts';
import type { Scene, SceneRequest } from './parity-requests.ts';

/** What a body may say of its place beside the address it is sent to: namespaces of kinds with one and without, and names. */
function placeScene(path: string, document: JsonObject): Scene {
  const name = 'parity-place';
  const at = `${path}/${name}`;
  const { generateName: _, ...metadata } = document.metadata as JsonObject;
  const placed = (more: JsonObject): string =>
    JSON.stringify({ ...document, metadata: { ...metadata, name, ...more } });
  const apply = `?fieldManager=parity&force=true apply`;
  const requests: SceneRequest[] = [
    [`POST ${path}`, placed({ namespace: 'elsewhere' })],
    [`POST ${path}`, placed({})],
    [`PUT ${at}`, placed({ namespace: 'elsewhere' })],
    [`PUT ${at}`, placed({ name: 'other' })],
    [`PUT ${at}`, placed({ name: '' })],
    [`PATCH ${at} merge`, '{metadata: {namespace: elsewhere, labels: {told: merge}}}'],
    [`PATCH ${at} merge`, '{metadata: {namespace: null}}'],
    [`PATCH ${at} merge`, '{metadata: {name: other}}'],
    [`PATCH ${at} json`, '[{op: add, path: /metadata/namespace, value: elsewhere}]'],
    [`PATCH ${at} json`, '[{op: replace, path: /metadata/name, value: other}]'],
    [`PATCH ${at} strategic`, '{metadata: {namespace: elsewhere, labels: {told: strategic}}}'],
    [`PATCH ${at}${apply}`, placed({ namespace: 'elsewhere' })],
    [`PATCH ${at}${apply}`, placed({ name: 'other' })],
    [`PATCH ${path}/parity-place-2${apply}`, placed({ name: 'parity-place-2', namespace: 'elsewhere' })],
    [`GET ${at}`],
    [`GET ${path}/parity-place-2`],
    [`PATCH ${at} merge`, '{metadata: {finalizers: null}}'],
    [`PATCH ${path}/parity-place-2 merge`, '{metadata: {finalizers: null}}'],
    [`DELETE ${at}?gracePeriodSeconds=0`],
    [`DELETE ${path}/parity-place-2?gracePeriodSeconds=0`],
  ];
  return { name: `places of ${path}`, requests };
}

export const PLACE_SCENES: readonly Scene[] = [...COLLECTIONS]
  .filter(([, { kind }]) => !KEPT_BY_SERVERS.has(String(kind)))
  .map(([path, document]) => placeScene(path, document));
