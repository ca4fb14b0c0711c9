import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';

/** One form of a CEL policy: as written, or for what makes pods. */
export interface CelForm {
  readonly spec: JsonObject;
  /** Where the pod stands in the object: `spec`, `template`; empty for the policy as written. */
  readonly path: readonly string[];
}

const APPS = ['daemonsets', 'deployments', 'replicasets', 'statefulsets'];
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** A policy about pods also speaks of the controllers that make them (`spec.autogen.podControllers`). */
export function celForms(spec: JsonObject): readonly CelForm[] {
  const own: CelForm = { spec, path: [] };
  const wanted = controllersOf(spec);
  if (wanted.length === 0) return [own];
  const forms = [own];
  const pods = wanted.filter(name => name !== 'cronjobs');
  if (pods.length > 0) forms.push(formFor(spec, pods, 'spec.template'));
  if (wanted.includes('cronjobs')) forms.push(formFor(spec, ['cronjobs'], 'spec.jobTemplate.spec.template'));
  return forms;
}

function controllersOf(spec: JsonObject): readonly string[] {
  const constraints = isObject(spec.matchConstraints) ? spec.matchConstraints : {};
  const rules = list(constraints.resourceRules).filter(isObject);
  const onlyPods =
    rules.length === 1 && list(rules[0]!.resources).length === 1 && list(rules[0]!.resources)[0] === 'pods';
  if (!onlyPods || constraints.objectSelector !== undefined || list(constraints.excludeResourceRules).length > 0)
    return [];
  if (list(rules[0]!.resourceNames).length > 0) return [];
  const autogen = isObject(spec.autogen) ? spec.autogen : {};
  const pods = isObject(autogen.podControllers) ? autogen.podControllers : undefined;
  const all = [...APPS, 'jobs', 'cronjobs'];
  if (pods === undefined || pods.controllers === undefined) return all;
  const named = list(pods.controllers).map(name => String(name).toLowerCase());
  return all.filter(name => named.includes(name));
}

function formFor(spec: JsonObject, resources: readonly string[], path: string): CelForm {
  const rule = list((spec.matchConstraints as JsonObject).resourceRules)[0] as JsonObject;
  const apps = resources.filter(name => APPS.includes(name));
  const batch = resources.filter(name => !APPS.includes(name));
  const resourceRules: Json[] = [];
  if (apps.length > 0) resourceRules.push({ ...rule, apiGroups: ['apps'], apiVersions: ['v1'], resources: apps });
  if (batch.length > 0) resourceRules.push({ ...rule, apiGroups: ['batch'], apiVersions: ['v1'], resources: batch });
  const shifted = shift(spec, path) as JsonObject;
  return {
    spec: { ...shifted, matchConstraints: { ...(spec.matchConstraints as JsonObject), resourceRules } },
    path: path.split('.'),
  };
}

/** Puts what expressions say of the pod under the template. */
function shift(value: Json, path: string): Json {
  if (typeof value === 'string') return shiftText(value, path);
  if (Array.isArray(value)) return value.map(item => shift(item, path));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value))
    out[name] = name === 'name' || name === 'message' ? member : shift(member, path);
  return out;
}

function shiftText(text: string, path: string): string {
  return text.replace(
    /(?<![.\w])(object|oldObject)\.(\?)?(spec|metadata(?!\.\??namespace\b))\b/g,
    (_, of: string, optional: string | undefined, field: string) => {
      if (!optional) return `${of}.${path}.${field}`;
      return `${of}.?${path.split('.').join('.?')}.?${field}`;
    },
  );
}
