import { type KindRef, type KubeObject, splitApiVersion } from '../object.ts';
import { convertAutoscaler } from './conversion/autoscaler.ts';
import { convertDefinition } from './conversion/definition.ts';
import { convertEvent } from './conversion/event.ts';

type Conversion = (object: KubeObject, to: KindRef) => KubeObject;

/** Kinds whose versions differ in shape; all others differ in name only. */
const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map([
  ['HorizontalPodAutoscaler', convertAutoscaler],
  ['Event', convertEvent],
  ['CustomResourceDefinition', convertDefinition],
]);

/** The same object in another served version of its kind; the input is not changed. */
export function convertBuiltin(object: KubeObject, to: KindRef): KubeObject {
  const from = splitApiVersion(object.apiVersion);
  if (from.group === to.group && from.version === to.version) return object;
  const convert = CONVERSIONS.get(object.kind);
  if (convert !== undefined) return convert(object, to);
  return { ...object, apiVersion: to.group === '' ? to.version : `${to.group}/${to.version}` };
}
