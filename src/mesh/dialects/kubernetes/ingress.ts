import type { kinds } from '../../../kernel/index.ts';
import type { BackendReference, HttpRule, PathMatch } from '../../model.ts';

type Ingress = kinds.Ingress;
type Backend = NonNullable<NonNullable<Ingress['spec']>['defaultBackend']>;

const backendOf = (namespace: string, backend: Backend | undefined): BackendReference | undefined => {
  const { name, port } = backend?.service ?? {};
  const wanted = port?.number ?? port?.name;
  return name === undefined || wanted === undefined ? undefined : { namespace, name, port: wanted };
};

/** `ImplementationSpecific` is a prefix here. */
const pathMatch = (path: string | undefined, type: string): PathMatch => ({
  kind: type === 'Exact' ? 'exact' : 'prefix',
  value: path === undefined || path === '' ? '/' : path,
});

/** Lowers one Ingress (networking.k8s.io/v1); the default backend takes what no path matches. */
export function lowerIngress(ingress: Ingress): HttpRule[] {
  const namespace = ingress.metadata.namespace ?? 'default';
  const base = {
    headers: [],
    query: [],
    filters: [],
    createdAt: ingress.metadata.creationTimestamp ?? '',
    key: `${namespace}/${ingress.metadata.name}`,
  };
  const rule = (
    hosts: readonly string[],
    path: PathMatch,
    backend: BackendReference | undefined,
    order: number,
  ): HttpRule => ({
    ...base,
    hosts,
    path,
    backends: [{ ...(backend ? { backend } : {}), weight: 1, filters: [] }],
    order,
  });
  let order = 0;
  const rules = (ingress.spec?.rules ?? []).flatMap(entry =>
    (entry.http?.paths ?? []).map(path =>
      rule(
        entry.host ? [entry.host] : [],
        pathMatch(path.path, path.pathType),
        backendOf(namespace, path.backend),
        order++,
      ),
    ),
  );
  const fallback = ingress.spec?.defaultBackend;
  if (!fallback) return rules;
  return [...rules, rule([], { kind: 'prefix', value: '/' }, backendOf(namespace, fallback), order)];
}

/** Hosts and Secrets of an Ingress's TLS section. */
export function ingressSecrets(ingress: Ingress): { readonly hosts: readonly string[]; readonly secret: string }[] {
  return (ingress.spec?.tls ?? []).flatMap(entry =>
    entry.secretName ? [{ hosts: entry.hosts ?? [], secret: `${ingress.metadata.namespace}/${entry.secretName}` }] : [],
  );
}

/** Ours is what names our class, or names none while no other class is the default. */
export function isOurs(ingress: Ingress, classes: readonly kinds.IngressClass[], controller: string): boolean {
  const name = ingress.spec?.ingressClassName ?? ingress.metadata.annotations?.['kubernetes.io/ingress.class'];
  if (name !== undefined) {
    const found = classes.find(entry => entry.metadata.name === name);
    return found ? found.spec?.controller === controller : name === 'tenon';
  }
  const isDefault = (entry: kinds.IngressClass): boolean =>
    entry.metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true';
  const fallback = classes.find(isDefault);
  return fallback ? fallback.spec?.controller === controller : true;
}
