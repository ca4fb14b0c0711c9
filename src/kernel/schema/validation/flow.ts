import { type Draft, isDraft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { specOf, text } from './common.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const PRECEDENCE_MAX = 10_000;

const texts = (draft: Draft, field: string): string[] =>
  (Array.isArray(draft[field]) ? draft[field] : []).map(one => text(one));
const entries = (draft: Draft, field: string): Draft[] =>
  (Array.isArray(draft[field]) ? draft[field] : []).map(one => (isDraft(one) ? one : {}));

/** A list in which `*` stands alone; `none` is said of an empty one. True where its members are still to be looked at. */
function listed(list: readonly string[], at: string, none: string, others: string, causes: Causes): boolean {
  if (list.length === 0) causes.required(at, none);
  else if (!list.includes('*')) return true;
  else if (list.length > 1) causes.invalid(at, list, `if '*' is present, must not specify other ${others}`);
  return false;
}

function verbs(rule: Draft, at: string, causes: Causes): void {
  const list = texts(rule, 'verbs');
  const given = listed(list, `${at}.verbs`, 'verbs must contain at least one value', 'verbs', causes);
  if (given && list.some(one => !VERBS.includes(one))) causes.notSupported(`${at}.verbs`, list, VERBS);
}

function nonResourcePath(path: string, at: string, causes: Causes): void {
  if (path === '') return causes.invalid(at, path, 'must not be empty');
  if (path === '/') return;
  if (!path.startsWith('/')) causes.invalid(at, path, 'must start with slash');
  if (path.includes(' ')) causes.invalid(at, path, 'must not contain white-space');
  if (path.includes('//')) causes.invalid(at, path, 'must not contain double slash');
  const stars = path.split('*').length - 1;
  if (stars > 1 || (stars === 1 && !path.endsWith('*')))
    causes.invalid(at, path, 'wildcard can only do suffix matching');
}

function nonResourceRule(rule: Draft, at: string, causes: Causes): void {
  verbs(rule, at, causes);
  const urls = texts(rule, 'nonResourceURLs');
  const none = 'nonResourceURLs must contain at least one value';
  if (listed(urls, `${at}.nonResourceURLs`, none, 'non-resource URLs', causes))
    urls.forEach((url, i) => nonResourcePath(url, `${at}.nonResourceURLs[${i}]`, causes));
}

const NAMESPACE_RULE = "each member of this list must be '*' or a DNS-1123 label; ";

function resourceRule(rule: Draft, at: string, causes: Causes): void {
  verbs(rule, at, causes);
  const supply = 'resource rules must supply at least one';
  listed(texts(rule, 'apiGroups'), `${at}.apiGroups`, `${supply} api group`, 'api groups', causes);
  listed(texts(rule, 'resources'), `${at}.resources`, `${supply} resource`, 'resources', causes);
  const namespaces = texts(rule, 'namespaces');
  if (namespaces.length === 0 && rule.clusterScope === true) return;
  const none = 'resource rules that are not cluster scoped must supply at least one namespace';
  if (listed(namespaces, `${at}.namespaces`, none, 'namespaces', causes))
    namespaces.forEach((one, i) =>
      causes.invalidAll(
        `${at}.namespaces[${i}]`,
        one,
        dnsLabel(one).map(wrong => NAMESPACE_RULE + wrong),
      ),
    );
}

const SUBJECTS = [
  ['Group', 'group'],
  ['ServiceAccount', 'serviceAccount'],
  ['User', 'user'],
] as const;

function subject(one: Draft, at: string, causes: Causes): void {
  const kind = SUBJECTS.find(([name]) => name === one.kind);
  if (kind === undefined)
    return causes.notSupported(
      `${at}.kind`,
      text(one.kind),
      SUBJECTS.map(([name]) => name),
    );
  const [name, field] = kind;
  const own = part(one, field);
  if (own === undefined) causes.required(`${at}.${field}`, `${field} is required when subject kind is '${name}'`);
  else named(own, name, `${at}.${field}`, causes);
  for (const [other, its] of SUBJECTS)
    if (other !== name && isDraft(one[its]))
      causes.forbidden(`${at}.${its}`, `${its} is forbidden when subject kind is not '${other}'`);
}

function named(own: Draft, kind: string, at: string, causes: Causes): void {
  const name = text(own.name);
  if (name === '') causes.required(`${at}.name`);
  if (kind !== 'ServiceAccount') return;
  if (name !== '' && name !== '*') causes.invalidAll(`${at}.name`, name, dnsSubdomain(name));
  const namespace = text(own.namespace);
  if (namespace === '') causes.required(`${at}.namespace`, 'must specify namespace for service account');
  else causes.invalidAll(`${at}.namespace`, namespace, dnsLabel(namespace));
}

/** flowcontrol/v1 FlowSchema: its place in the order, its level, whom and what it takes. */
export function flowSchema(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const precedence = Number(spec.matchingPrecedence ?? 0);
  const at = 'spec.matchingPrecedence';
  if (precedence <= 0) causes.invalid(at, precedence, 'must be a positive value');
  if (precedence > PRECEDENCE_MAX) causes.invalid(at, precedence, `must not be greater than ${PRECEDENCE_MAX}`);
  if (precedence === 1 && part(object, 'metadata')?.name !== 'exempt')
    causes.invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  const distinguisher = part(spec, 'distinguisherMethod');
  if (distinguisher && distinguisher.type !== 'ByUser' && distinguisher.type !== 'ByNamespace')
    causes.notSupported('spec.distinguisherMethod.type', { Type: text(distinguisher.type) }, ['ByNamespace', 'ByUser']);
  const level = text(part(spec, 'priorityLevelConfiguration')?.name);
  if (level === '') causes.required('spec.priorityLevelConfiguration.name', 'must reference a priority level');
  else causes.invalidAll('spec.priorityLevelConfiguration.name', level, dnsSubdomain(level));
  entries(spec, 'rules').forEach((rule, i) => {
    const where = `spec.rules[${i}]`;
    const subjects = entries(rule, 'subjects');
    if (subjects.length === 0) causes.required(`${where}.subjects`, 'subjects must contain at least one value');
    subjects.forEach((one, j) => subject(one, `${where}.subjects[${j}]`, causes));
    const [resources, others] = [entries(rule, 'resourceRules'), entries(rule, 'nonResourceRules')];
    if (resources.length + others.length === 0)
      causes.required(where, 'at least one of resourceRules and nonResourceRules has to be non-empty');
    resources.forEach((one, j) => resourceRule(one, `${where}.resourceRules[${j}]`, causes));
    others.forEach((one, j) => nonResourceRule(one, `${where}.nonResourceRules[${j}]`, causes));
  });
}

/** flowcontrol/v1 PriorityLevelConfiguration: what its type needs and nothing of the other. */
export function priorityLevel(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const [limited, exempt] = [part(spec, 'limited'), part(spec, 'exempt')];
  if (spec.type === 'Exempt') {
    if (limited) causes.forbidden('spec.limited', 'must be nil if the type is not Limited');
  } else if (spec.type === 'Limited') {
    if (exempt) causes.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (limited) limitedLevel(limited, causes);
    else causes.required('spec.limited', 'must not be empty when type is Limited');
  } else causes.notSupported('spec.type', text(spec.type), ['Exempt', 'Limited']);
}

function limitedLevel(limited: Draft, causes: Causes): void {
  const at = 'spec.limited';
  const shares = limited.nominalConcurrencyShares;
  if (typeof shares === 'number' && shares < 0)
    causes.invalid(`${at}.nominalConcurrencyShares`, shares, 'must be a non-negative integer');
  const response = part(limited, 'limitResponse') ?? {};
  if (response.type === 'Reject') {
    if (isDraft(response.queuing))
      causes.forbidden(`${at}.limitResponse.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (response.type === 'Queue') {
    const queuing = part(response, 'queuing');
    if (queuing === undefined)
      causes.required(`${at}.limitResponse.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
    else queues(queuing, `${at}.limitResponse.queuing`, causes);
  } else causes.notSupported(`${at}.limitResponse.type`, text(response.type), ['Queue', 'Reject']);
  const lendable = limited.lendablePercent;
  if (typeof lendable === 'number' && (lendable < 0 || lendable > 100))
    causes.invalid(`${at}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive');
  const borrowed = limited.borrowingLimitPercent;
  if (typeof borrowed === 'number' && borrowed < 0)
    causes.invalid(`${at}.borrowingLimitPercent`, borrowed, 'if specified, must be a non-negative integer');
}

const QUEUES_MAX = 10_000_000;
const ENTROPY_BITS_MAX = 60;

function queues(queuing: Draft, at: string, causes: Causes): void {
  const [length, count, hand] = ['queueLengthLimit', 'queues', 'handSize'].map(field => Number(queuing[field] ?? 0));
  if (length! <= 0) causes.invalid(`${at}.queueLengthLimit`, length, 'must be positive');
  if (count! <= 0) causes.invalid(`${at}.queues`, count, 'must be positive');
  else if (count! > QUEUES_MAX) causes.invalid(`${at}.queues`, count, `must not be greater than ${QUEUES_MAX}`);
  if (hand! <= 0) causes.invalid(`${at}.handSize`, hand, 'must be positive');
  else if (hand! > count!) causes.invalid(`${at}.handSize`, hand, `should not be greater than queues (${count})`);
  else {
    let ways = 1;
    for (let i = 0; i < hand! && Number.isFinite(ways); i++) ways *= count! - i;
    const bits = Math.ceil(Math.log2(ways));
    if (bits > ENTROPY_BITS_MAX)
      causes.invalid(
        `${at}.handSize`,
        hand,
        `required entropy bits of deckSize ${count} and handSize ${hand} should not be greater than ${ENTROPY_BITS_MAX}`,
      );
  }
}
