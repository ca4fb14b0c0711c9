import { type KubeObject, kindOf, type LabelSelectorObject, selects } from '../../../kernel/index.ts';
import type { ExternalValues } from './external.ts';
import { fields, list, text, texts } from './read.ts';

/** Whether an object was written by someone or made by an expansion. */
export type Source = 'Original' | 'Generated';

/** The object a match is asked of, with its namespace where that is known. */
export interface Matchable {
  readonly object: KubeObject;
  readonly namespace: KubeObject | undefined;
  readonly source: Source;
  /** Who makes the request; empty outside of requests. */
  readonly username?: string;
  /** Values of others that mutators of this object wait for. */
  readonly external?: ExternalValues;
}

/** `spec.match` of constraints and mutators (match.gatekeeper.sh), read. */
export interface Match {
  readonly kinds: readonly { readonly groups: readonly string[]; readonly kinds: readonly string[] }[];
  readonly scope: string;
  readonly namespaces: readonly string[];
  readonly excludedNamespaces: readonly string[];
  readonly labelSelector: LabelSelectorObject | undefined;
  readonly namespaceSelector: LabelSelectorObject | undefined;
  readonly name: string;
  readonly source: string;
}

const selector = (value: unknown): LabelSelectorObject | undefined =>
  value === undefined || value === null ? undefined : (fields(value) as LabelSelectorObject);

/** Reads `spec.match`. */
export function readMatch(value: unknown): Match {
  const match = fields(value);
  return {
    kinds: list(match.kinds).map(each => ({
      groups: texts(fields(each).apiGroups),
      kinds: texts(fields(each).kinds),
    })),
    scope: text(match.scope) || '*',
    namespaces: texts(match.namespaces),
    excludedNamespaces: texts(match.excludedNamespaces),
    labelSelector: selector(match.labelSelector),
    namespaceSelector: selector(match.namespaceSelector),
    name: text(match.name),
    source: text(match.source) || 'All',
  };
}

/** A pattern with `*` at its ends only (Gatekeeper "util.Wildcard"). */
export function matchesWildcard(pattern: string, value: string): boolean {
  const open = pattern.startsWith('*');
  const close = pattern.length > 1 && pattern.endsWith('*');
  if (open && close) return value.includes(pattern.slice(1, -1));
  if (open) return value.endsWith(pattern.slice(1));
  if (close) return value.startsWith(pattern.slice(0, -1));
  return value === pattern;
}

const anyOf = (patterns: readonly string[], value: string): boolean =>
  patterns.some(pattern => matchesWildcard(pattern, value));

export const isNamespace = (object: KubeObject): boolean => object.apiVersion === 'v1' && object.kind === 'Namespace';

/** The namespace the namespace rules look at; undefined for objects that are in none. */
function namespaceName({ object, namespace }: Matchable): string | undefined {
  if (isNamespace(object)) return object.metadata?.name ?? '';
  return namespace?.metadata?.name ?? (object.metadata?.namespace || undefined);
}

function matchesKinds(match: Match, object: KubeObject): boolean {
  if (match.kinds.length === 0) return true;
  const { group, kind } = kindOf(object);
  return match.kinds.some(
    ({ groups, kinds }) =>
      (groups.length === 0 || groups.includes('*') || groups.includes(group)) &&
      (kinds.length === 0 || kinds.includes('*') || kinds.includes(kind)),
  );
}

function matchesScope({ scope }: Match, { object, namespace }: Matchable): boolean {
  const namespaced = !isNamespace(object) && ((object.metadata?.namespace ?? '') !== '' || namespace !== undefined);
  if (scope === 'Cluster') return !namespaced;
  return scope !== 'Namespaced' || namespaced;
}

function matchesName({ name }: Match, object: KubeObject): boolean {
  if (name === '') return true;
  const { name: own, generateName } = object.metadata ?? {};
  if (own) return matchesWildcard(name, own);
  return generateName !== undefined && name.endsWith('*') && matchesWildcard(name, generateName);
}

/** Thrown when a match cannot be told, because the object's namespace is not known. */
export class UnknownNamespace extends Error {}

function matchesNamespaceSelector({ namespaceSelector }: Match, { object, namespace }: Matchable): boolean {
  if (namespaceSelector === undefined) return true;
  if (isNamespace(object)) return selects(namespaceSelector, object.metadata?.labels);
  if (namespace !== undefined) return selects(namespaceSelector, namespace.metadata?.labels);
  if ((object.metadata?.namespace ?? '') === '') return true;
  throw new UnknownNamespace('namespace selector for namespace-scoped object but missing Namespace');
}

function matchesNamespaces({ namespaces, excludedNamespaces }: Match, target: Matchable): boolean {
  const name = namespaceName(target);
  // Objects in no namespace cannot be left out by one, nor miss one.
  if (name === undefined) return true;
  return (namespaces.length === 0 || anyOf(namespaces, name)) && !anyOf(excludedNamespaces, name);
}

/**
 * Whether a match names an object. What is asked first decides whether an unknown namespace is told, so the order is
 * Gatekeeper's. Throws {@link UnknownNamespace}.
 */
export function matchesObject(match: Match, target: Matchable): boolean {
  const { object, source } = target;
  return (
    matchesKinds(match, object) &&
    matchesScope(match, target) &&
    matchesNamespaces(match, target) &&
    (match.labelSelector === undefined || selects(match.labelSelector, object.metadata?.labels)) &&
    matchesNamespaceSelector(match, target) &&
    matchesName(match, object) &&
    (match.source === 'All' || match.source === source)
  );
}
