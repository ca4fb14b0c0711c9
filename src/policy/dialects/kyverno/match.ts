import { rememberObject, rememberText } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject, type LabelSelectorObject, selects } from '../../../kernel/index.ts';
import { hasWildcard, matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { resourceOf, type Review, textAt } from './model.ts';

type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = {};
const NOTHING: readonly never[] = [];
const fields = (value: unknown): Fields => (isObject(value) ? value : NO_FIELDS);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : NOTHING);
const textsIn = rememberObject((items: readonly unknown[]) => items.filter(each => typeof each === 'string'));
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? textsIn(value) : NOTHING);

/** True when a rule's `match` and `exclude` pick the review (Kyverno, "Selecting Resources"). */
export function ruleMatches(rule: JsonObject, review: Review, policyNamespace: string | undefined): boolean {
  if (policyNamespace !== undefined && textAt(resourceOf(review), 'metadata', 'namespace') !== policyNamespace)
    return false;
  const match = fields(rule.match);
  const any = list(match.any);
  const all = list(match.all);
  const matched =
    any.length > 0
      ? any.some(filter => filterMatches(fields(filter), review, 'match'))
      : all.length > 0
        ? all.every(filter => filterMatches(fields(filter), review, 'match'))
        : filterMatches(match, review, 'match');
  return matched && !clauseExcludes(fields(rule.exclude), review);
}

/** False where every filter of a rule's `match` names kinds, and none of them is the review's. */
export function mayMatchKind(rule: JsonObject, review: Review): boolean {
  const match = fields(rule.match);
  const filters = [...list(match.any), ...list(match.all)];
  return (filters.length > 0 ? filters : [match]).some(filter => {
    const kinds = texts(fields(fields(filter).resources).kinds);
    return kinds.length === 0 || kinds.some(kind => kindMatches(kind, review));
  });
}

function clauseExcludes(exclude: Fields, review: Review): boolean {
  const any = list(exclude.any);
  const all = list(exclude.all);
  if (any.length > 0) return any.some(filter => filterMatches(fields(filter), review, 'exclude'));
  if (all.length > 0) return all.every(filter => filterMatches(fields(filter), review, 'exclude'));
  return filterMatches(exclude, review, 'exclude');
}

const isFilled = rememberObject((filter: Fields) => Object.keys(filter).length > 0);

/** One filter of an `any`, `all` or a whole clause of the older form. Empty ones match nothing. */
export function filterMatches(filter: Fields, review: Review, clause: 'match' | 'exclude'): boolean {
  const resources = fields(filter.resources);
  const described = isFilled(resources);
  // Background scans and tests without a requester leave user conditions out.
  const userSaid =
    list(filter.subjects).length > 0 || list(filter.roles).length > 0 || list(filter.clusterRoles).length > 0;
  const byUser = userSaid && review.requester !== undefined;
  if (!described && !byUser) return clause === 'match' && userSaid;
  if (described && !describes(resources, review)) return false;
  return !byUser || userMatches(filter, review);
}

function describes(resources: Fields, review: Review): boolean {
  const resource = resourceOf(review);
  const metadata = fields(resource.metadata);
  const kinds = texts(resources.kinds);
  if (kinds.length > 0 && !kinds.some(kind => kindMatches(kind, review))) return false;
  const name = textAt(metadata, 'name') || textAt(metadata, 'generateName');
  if (typeof resources.name === 'string' && resources.name !== '' && !matchesWildcard(resources.name, name))
    return false;
  const names = texts(resources.names);
  if (names.length > 0 && !names.some(each => matchesWildcard(each, name))) return false;
  const namespaces = texts(resources.namespaces);
  if (namespaces.length > 0) {
    const namespace = review.kind.kind === 'Namespace' ? textAt(metadata, 'name') : textAt(metadata, 'namespace');
    if (!namespaces.some(each => matchesWildcard(each, namespace))) return false;
  }
  const operations = texts(resources.operations);
  if (operations.length > 0 && !operations.includes(review.operation)) return false;
  if (isObject(resources.annotations) && !annotationsMatch(resources.annotations, fields(metadata.annotations)))
    return false;
  if (isObject(resources.selector) && !selectsWithWildcards(resources.selector, fields(metadata.labels))) return false;
  if (!isObject(resources.namespaceSelector)) return true;
  if (review.kind.kind === 'Namespace') return false;
  return selectsWithWildcards(resources.namespaceSelector, review.namespaceLabels);
}

function annotationsMatch(wanted: Fields, actual: Fields): boolean {
  return Object.entries(wanted).every(([key, value]) =>
    Object.entries(actual).some(
      ([name, text]) => matchesWildcard(key, name) && matchesWildcard(String(value), String(text)),
    ),
  );
}

/** Label selectors whose matchLabels may hold wildcards. */
export function selectsWithWildcards(selector: JsonObject, labels: Fields): boolean {
  const wanted: Record<string, string> = {};
  for (const [key, value] of Object.entries(fields(selector.matchLabels))) {
    const text = String(value);
    if (!hasWildcard(key) && !hasWildcard(text)) {
      wanted[key] = text;
      continue;
    }
    const found = Object.entries(labels).some(
      ([name, label]) => matchesWildcard(key, name) && matchesWildcard(text, String(label)),
    );
    if (!found) return false;
  }
  return selects({ ...selector, matchLabels: wanted } as LabelSelectorObject, labels as Record<string, string>);
}

/** `Pod`, `v1/Pod`, `apps/v1/Deployment`, `apps/*` + `/Deployment`, `Pod/exec`, `*`, `*` + `/*`. */
export function kindMatches(pattern: string, review: Review): boolean {
  const { group, version, kind } = review.kind;
  const selector = parseKind(pattern);
  return (
    matchesWildcard(selector.group, group) &&
    matchesWildcard(selector.version, version) &&
    matchesWildcard(selector.kind, kind) &&
    (selector.subresource === '*' || selector.subresource === review.subresource)
  );
}

interface KindPattern {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
}

/** The parts of a kind as match clauses write them. */
export const parseKind = rememberText(readKind);

function readKind(text: string): KindPattern {
  const parts = text
    .split(/[/](?![^(]*\))/)
    .flatMap((part, i, all) => (i === all.length - 1 ? part.split('.') : [part]));
  const isVersion = (part: string): boolean => part === '*' || /^v\d+((alpha|beta)\d+)?$/.test(part);
  const [first = '*', second, third, fourth] = parts;
  if (second === undefined) return { group: '*', version: '*', kind: first, subresource: '' };
  if (third === undefined) {
    if (isVersion(first) && first !== '*') return { group: '*', version: first, kind: second, subresource: '' };
    // `*` + `/Kind` is a kind of any version, `*` + `/scale` a subresource of any kind.
    if (first === '*' && /^[a-z]/.test(second)) return { group: '*', version: '*', kind: '*', subresource: second };
    if (first === '*') return { group: '*', version: '*', kind: second, subresource: second === '*' ? '*' : '' };
    return { group: '*', version: '*', kind: first, subresource: second };
  }
  if (fourth === undefined) {
    if (isVersion(second)) return { group: first, version: second, kind: third, subresource: '' };
    return { group: '*', version: first, kind: second, subresource: third };
  }
  return { group: first, version: second, kind: third, subresource: fourth };
}

function userMatches(filter: Fields, review: Review): boolean {
  const requester = review.requester!;
  const roles = texts(filter.roles);
  if (roles.length > 0 && !roles.some(role => requester.roles.some(each => matchesWildcard(role, each)))) return false;
  const clusterRoles = texts(filter.clusterRoles);
  if (
    clusterRoles.length > 0 &&
    !clusterRoles.some(role => requester.clusterRoles.some(each => matchesWildcard(role, each)))
  )
    return false;
  const subjects = list(filter.subjects);
  return subjects.length === 0 || subjects.some(subject => subjectMatches(fields(subject), requester.userInfo));
}

function subjectMatches(subject: Fields, userInfo: JsonObject): boolean {
  const name = textAt(subject, 'name');
  const user = textAt(userInfo, 'username');
  const groups = texts(userInfo.groups as Json);
  if (subject.kind === 'ServiceAccount')
    return matchesWildcard(`system:serviceaccount:${textAt(subject, 'namespace')}:${name}`, user);
  if (subject.kind === 'Group') return groups.some(group => matchesWildcard(name, group));
  return matchesWildcard(name, user);
}
