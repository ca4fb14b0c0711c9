import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';

/** The annotation that names the pod controllers rules are also made for. */
const ANNOTATION = 'pod-policies.kyverno.io/autogen-controllers';
const CONTROLLERS = ['DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'CronJob'];
const NAME_LENGTH_MAX = 63;

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const rulesOf = (policy: JsonObject): JsonObject[] =>
  isObject(policy.spec) ? list(policy.spec.rules).filter(isObject) : [];

/** A policy's rules and those made for pod controllers (Kyverno, "Auto-Gen Rules"). */
export function rulesWithAutogen(policy: JsonObject): readonly JsonObject[] {
  const rules = rulesOf(policy);
  const controllers = controllersOf(policy, rules);
  if (controllers.length === 0) return rules;
  const others = controllers.filter(kind => kind !== 'CronJob');
  const made: JsonObject[] = [];
  for (const rule of rules) {
    made.push(rule);
    if (!matchesPods(rule)) continue;
    if (others.length > 0) made.push(generatedRule(rule, others.map(qualified), 'autogen-', ['spec', 'template']));
    if (controllers.includes('CronJob'))
      made.push(
        generatedRule(rule, [qualified('CronJob')], 'autogen-cronjob-', ['spec', 'jobTemplate', 'spec', 'template']),
      );
  }
  return made;
}

/** `batch/v1/CronJob`: generated rules name kinds in full. */
function qualified(kind: string): string {
  if (kind === 'ReplicationController') return `v1/${kind}`;
  return kind === 'Job' || kind === 'CronJob' ? `batch/v1/${kind}` : `apps/v1/${kind}`;
}

function controllersOf(policy: JsonObject, rules: readonly JsonObject[]): readonly string[] {
  const metadata = isObject(policy.metadata) ? policy.metadata : {};
  const annotations = isObject(metadata.annotations) ? metadata.annotations : {};
  const wanted = annotations[ANNOTATION];
  if (wanted === 'none' || !rules.every(supported) || !rules.some(matchesPods)) return [];
  if (typeof wanted !== 'string' || wanted === 'all' || wanted === '') return CONTROLLERS;
  const named = wanted.split(',').map(name => name.trim());
  return CONTROLLERS.filter(kind => named.includes(kind));
}

const filtersOf = (clause: Json | undefined): JsonObject[] => {
  if (!isObject(clause)) return [];
  const filters = [...list(clause.any), ...list(clause.all)].filter(isObject);
  const resources = [...filters.map(filter => filter.resources), clause.resources];
  return resources.filter(isObject);
};

/** False where generated rules could not mean the same. */
function supported(rule: JsonObject): boolean {
  const mutate = isObject(rule.mutate) ? rule.mutate : {};
  if (rule.generate !== undefined || mutate.patchesJson6902 !== undefined || mutate.targets !== undefined) return false;
  if (list(mutate.foreach).some(each => isObject(each) && each.patchesJson6902 !== undefined)) return false;
  return [...filtersOf(rule.match), ...filtersOf(rule.exclude)].every(resources => {
    if (resources.name || list(resources.names).length > 0) return false;
    if (resources.selector !== undefined || resources.annotations !== undefined) return false;
    const kinds = list(resources.kinds);
    return kinds.length <= 1 || !kinds.some(isPod);
  });
}

const isPod = (kind: Json): boolean => kind === 'Pod' || kind === 'v1/Pod';
const matchesPods = (rule: JsonObject): boolean => filtersOf(rule.match).some(each => list(each.kinds).some(isPod));

function generatedRule(
  rule: JsonObject,
  kinds: readonly string[],
  prefix: string,
  path: readonly string[],
): JsonObject {
  const { name, match, exclude, ...rest } = rule;
  const shifted = shiftVariables(rest, path) as JsonObject;
  const { validate, mutate } = shifted;
  return {
    ...shifted,
    name: `${prefix}${String(name)}`.slice(0, NAME_LENGTH_MAX),
    match: withKinds(match ?? null, kinds),
    ...(exclude === undefined ? {} : { exclude: withKinds(exclude, kinds) }),
    ...(isObject(validate) ? { validate: nest(validate, path) } : {}),
    ...(isObject(mutate) ? { mutate: nest(mutate, path) } : {}),
  };
}

function withKinds(clause: Json, kinds: readonly string[]): Json {
  if (Array.isArray(clause)) return clause.map(item => withKinds(item, kinds));
  if (!isObject(clause)) return clause;
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(clause)) {
    if (name === 'kinds' && list(value).some(isPod)) out[name] = [...kinds];
    else out[name] = name === 'any' || name === 'all' || name === 'resources' ? withKinds(value, kinds) : value;
  }
  return out;
}

/** Puts the pod patterns of a rule's body under the controller's template. */
function nest(body: JsonObject, path: readonly string[]): JsonObject {
  const under = (pattern: Json): Json => path.reduceRight<Json>((inner, step) => ({ [step]: inner }), pattern);
  const out: JsonObject = { ...body };
  for (const name of ['pattern', 'patchStrategicMerge']) if (out[name] !== undefined) out[name] = under(out[name]!);
  if (Array.isArray(out.anyPattern)) out.anyPattern = out.anyPattern.map(under);
  if (Array.isArray(out.foreach))
    out.foreach = out.foreach.map(each => {
      if (!isObject(each) || each.patchStrategicMerge === undefined) return each;
      return { ...each, patchStrategicMerge: under(each.patchStrategicMerge) };
    });
  return out;
}

/** Variables about the pod speak of the template instead. */
export function shiftVariables(value: Json, path: readonly string[]): Json {
  if (typeof value === 'string') return shiftText(value, path);
  if (Array.isArray(value)) return value.map(item => shiftVariables(item, path));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value)) out[shiftText(name, path)] = shiftVariables(member, path);
  return out;
}

function shiftText(text: string, path: readonly string[]): string {
  if (!/object/i.test(text)) return text;
  const under = path.join('.');
  return text
    .replace(/\b(request\.(?:object|oldObject))\.(spec|metadata)\b/g, `$1.${under}.$2`)
    .replace(/(?<![.\w])(object|oldObject)\.(spec|metadata)\b/g, `$1.${under}.$2`);
}
