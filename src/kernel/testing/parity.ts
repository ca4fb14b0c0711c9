import type { Random } from '../../base/index.ts';
import type { Json, JsonObject } from '../object.ts';

/** What one server answered: its status and the object or the refusal. */
export interface Answer {
  readonly status: number;
  readonly json: JsonObject;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asObject = (value: unknown): JsonObject => (isObject(value) ? value : {});

const VARYING: readonly (readonly [RegExp, string])[] = [
  // A refusal that shows the whole object shows what each server has in it, in an order of its own.
  [/Invalid value: \\"\{(?:[^\\]|\\\\.|\\[^"])*?\}\\"(?=:)/g, 'Invalid value: DOCUMENT'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID'],
  [/https:\/\/kubernetes\.default\.svc(?:\.cluster\.local)?/g, 'ISSUER'],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'TOKEN'],
  [/current: \d+/g, 'current: REVISION'],
  [/in record \(\d+\)/g, 'in record (REVISION)'],
  [/ResourceVersion in object meta: \d+/g, 'ResourceVersion in object meta: REVISION'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
];

const SYSTEM_FIELDS = ['uid', 'creationTimestamp', 'resourceVersion', 'managedFields'];

function withoutVarying(value: JsonObject, addresses: boolean): JsonObject {
  const metadata = asObject(value.metadata);
  for (const field of SYSTEM_FIELDS) delete metadata[field];
  const spec = asObject(value.spec);
  // Each server hands out addresses and node ports of its own.
  if (value.kind === 'Service') {
    if (!addresses) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (spec.healthCheckNodePort) spec.healthCheckNodePort = 'PORT';
    for (const port of Array.isArray(spec.ports) ? spec.ports.map(asObject) : [])
      if (port.nodePort) port.nodePort = 'PORT';
  }
  for (const item of Array.isArray(value.items) ? value.items.map(asObject) : []) {
    for (const field of SYSTEM_FIELDS) delete asObject(item.metadata)[field];
  }
  const text = VARYING.reduce((all, [pattern, name]) => all.replace(pattern, name), JSON.stringify(value));
  // Where a list must be said, none and an empty one are null there once they were stored.
  const nothing = (part: Json): boolean => part === null || (Array.isArray(part) && part.length === 0);
  return JSON.parse(text, (_name, part: Json) => (nothing(part) ? undefined : part)) as JsonObject;
}

/** Some updates look twice at the same and tell it twice: which do is not held. */
const distinct = (causes: Json | undefined): Json =>
  Array.isArray(causes) ? [...new Map(causes.map(cause => [JSON.stringify(cause), cause])).values()] : null;

/** An answer without what differs between any two servers; with `addresses` those of Services stay. */
export function comparable({ status, json }: Answer, addresses = false): JsonObject {
  const shown =
    status < 300
      ? json
      : { reason: json.reason ?? null, message: json.message ?? null, causes: distinct(asObject(json.details).causes) };
  return { status, ...withoutVarying(structuredClone(shown), addresses) };
}

/** Paths at which two values differ, with both. */
export function differences(left: unknown, right: unknown, at = ''): string[] {
  if (Object.is(left, right)) return [];
  const bothLists = Array.isArray(left) && Array.isArray(right);
  if (bothLists || (isObject(left) && isObject(right))) {
    const [one, other] = [left as JsonObject, right as JsonObject];
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...names].flatMap(name => differences(one[name], other[name], `${at}.${name}`));
  }
  return [`${at}: ${JSON.stringify(left)} here, ${JSON.stringify(right)} there`];
}

const VALUES: readonly Json[] = [
  -1,
  0,
  1,
  70_000,
  1.5,
  '',
  'Bad_Name',
  'x'.repeat(300),
  'a/b/c',
  'a b',
  '1.2.3.4',
  '-5',
  '50%',
  '..',
  '/etc',
  'Never',
  '10Mi',
  true,
  false,
  [],
  {},
  null,
];

/** Breaks a document in place at one random spot; tells how. */
export function breakOne(document: JsonObject, random: Random): string {
  const spots: [JsonObject, string][] = [];
  const collect = (value: JsonObject): void => {
    for (const [name, inner] of Object.entries(value)) {
      if (value === document && (name === 'apiVersion' || name === 'kind')) continue;
      // Expressions are compiled by the policy layer, which does not run here.
      if (/[eE]xpression$|^rule$/.test(name)) continue;
      // The peer runs without the step that fills in service accounts.
      if ((value !== document || name !== 'metadata') && !name.includes('erviceAccount')) spots.push([value, name]);
      if (typeof inner === 'object' && inner !== null) collect(inner as JsonObject);
    }
  };
  collect(document);
  const pick = (count: number): number => Math.floor(random.next() * count);
  const [owner, name] = spots[pick(spots.length)]!;
  if (pick(3) === 0 && !Array.isArray(owner)) {
    delete owner[name];
    return `without ${name}`;
  }
  const alike = VALUES.filter(value => typeof value === typeof owner[name]);
  const choice = pick(4) > 0 && alike.length > 0 ? alike : VALUES;
  owner[name] = structuredClone(choice[pick(choice.length)]!);
  return `${name} = ${JSON.stringify(owner[name]).slice(0, 30)}`;
}
