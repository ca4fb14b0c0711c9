import { isAlreadyExists, type KubeObject, type Registry, type ResourceRef } from '../../kernel/index.ts';
import { LOOPBACK } from '../authz/feed.ts';
import { DEFAULT_LEVELS, DEFAULT_SCHEMAS } from './flows.ts';
import { aggregateLabel, DEFAULT_BINDINGS, DEFAULT_ROLES, type DefaultRole } from './roles.ts';

const RBAC = 'rbac.authorization.k8s.io';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const ANNOTATIONS = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };

const refOf = (resource: string): ResourceRef => ({ group: RBAC, version: 'v1', resource });
const flowRef = (resource: string): ResourceRef => ({ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', resource });

function roleObject(role: DefaultRole): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: { name: role.name, labels: { ...LABELS, ...role.labels }, annotations: ANNOTATIONS },
    rules: role.rules,
    ...(role.aggregates
      ? {
          aggregationRule: {
            clusterRoleSelectors: role.aggregates.map(to => ({ matchLabels: { [aggregateLabel(to)]: 'true' } })),
          },
        }
      : {}),
  };
}

function bindingObject([name, subjects]: (typeof DEFAULT_BINDINGS)[number]): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: LABELS, annotations: ANNOTATIONS },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
    subjects,
  };
}

/** Creates the default roles, bindings and flow-control objects that are missing; what is there is the administrator's. */
export async function bootstrap(registry: Registry): Promise<void> {
  const objects: (readonly [ResourceRef, KubeObject])[] = [
    ...DEFAULT_ROLES.map(role => [refOf('clusterroles'), roleObject(role)] as const),
    ...DEFAULT_BINDINGS.map(binding => [refOf('clusterrolebindings'), bindingObject(binding)] as const),
    ...DEFAULT_LEVELS.map(level => [flowRef('prioritylevelconfigurations'), level] as const),
    ...DEFAULT_SCHEMAS.map(schema => [flowRef('flowschemas'), schema] as const),
  ];
  const known = new Set<string>();
  for (const [resource, ref] of new Map(objects.map(([one]) => [one.resource, one])))
    for (const stored of (await registry.list(LOOPBACK, ref, {})).items) known.add(`${resource}/${stored.key.name}`);
  await Promise.all(
    objects
      .filter(([ref, object]) => !known.has(`${ref.resource}/${object.metadata.name}`))
      .map(([ref, object]) =>
        registry
          .create(LOOPBACK, ref, structuredClone(object), { fieldManager: 'kube-apiserver' })
          .catch((error: unknown) => {
            if (!isAlreadyExists(error)) throw error;
          }),
      ),
  );
}
