import type { Document, GroupVersionKind } from './documents.ts';

const VERBS: Readonly<Record<string, string>> = {
  list: 'list',
  post: 'create',
  get: 'get',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
  watch: 'watch',
  watchlist: 'watch',
};

const CONNECT_VERBS: Readonly<Record<string, string>> = {
  get: 'get',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
};

interface Collected {
  kind: GroupVersionKind;
  namespaced: boolean;
  verbs: Set<string>;
  subresources: Map<string, { kind: GroupVersionKind; verbs: Set<string> }>;
}

/** Collections of one document, each as a line `group version plural kind scope verbs sub:verbs:kind…`. */
export function resourceLines(document: Document): string[] {
  const resources = new Map<string, Collected>();
  const base = document.group === '' ? `/api/${document.version}/` : `/apis/${document.group}/${document.version}/`;
  for (const [path, operations] of Object.entries(document.paths)) {
    if (!path.startsWith(base)) continue;
    let parts = path.slice(base.length).split('/');
    const watch = parts[0] === 'watch';
    if (watch) parts = parts.slice(1);
    const namespaced = parts[0] === 'namespaces' && parts[1] === '{namespace}' && parts.length > 2;
    if (namespaced) parts = parts.slice(2);
    const plural = parts[0]!;
    if (plural === '' || parts.includes('{path}')) continue;
    for (const [method, operation] of Object.entries(operations)) {
      const action = operation['x-kubernetes-action'];
      const kind = operation['x-kubernetes-group-version-kind'];
      if (action === undefined || kind === undefined) continue;
      const found = resources.get(plural) ?? { kind, namespaced: false, verbs: new Set(), subresources: new Map() };
      resources.set(plural, found);
      found.namespaced ||= namespaced;
      const verb = action === 'connect' ? CONNECT_VERBS[method] : VERBS[action];
      if (verb === undefined) continue;
      if (parts.length <= 2) {
        found.verbs.add(verb);
        found.kind = kind;
      } else {
        const sub = found.subresources.get(parts[2]!) ?? { kind, verbs: new Set<string>() };
        sub.verbs.add(verb);
        found.subresources.set(parts[2]!, sub);
      }
    }
  }
  return [...resources]
    .filter(([, found]) => found.verbs.size > 0)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([plural, found]) => line(document, plural, found));
}

function line(document: Document, plural: string, found: Collected): string {
  const own = (kind: GroupVersionKind): boolean =>
    kind.kind === found.kind.kind && kind.group === found.kind.group && kind.version === found.kind.version;
  const subresources = [...found.subresources]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { kind, verbs }]) => {
      const kindText = own(kind) ? '' : `:${kind.group}/${kind.version}/${kind.kind}`;
      return `${name}:${[...verbs].sort().join(',')}${kindText}`;
    });
  const group = document.group === '' ? '-' : document.group;
  const scope = found.namespaced ? 'ns' : 'cluster';
  const verbs = [...found.verbs].sort().join(',');
  return [group, document.version, plural, found.kind.kind, scope, verbs, ...subresources].join(' ');
}
