import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { ResourceDefinition } from '../../kernel/resource.ts';
import { isNotFound } from '../../kernel/status.ts';
import type { Change } from '../../kernel/informer.ts';
import { deletableResources, describeResource, refOf } from '../catalog.ts';
import { type ClusterEnv, ownKey } from '../driver.ts';
import { CONFIG_MAPS, NAMESPACES, PODS, SERVICE_ACCOUNTS } from '../refs.ts';
import type { ConfigMap, Namespace, ServiceAccount } from '../types.ts';
import { type Leftover, namespaceConditions } from './conditions.ts';

const FINALIZER = 'kubernetes';
const AGAIN_MS = 2_000;

/** True once a deletion is seen for the first time; what is written of it later is our own, and tried again in its time. */
const begins = ({ object, old }: Change<Namespace>): boolean =>
  object.metadata.deletionTimestamp !== undefined && old?.metadata.deletionTimestamp === undefined;

/** Empties namespaces that are being deleted, then lets them go. */
export function startNamespaceController(env: ClusterEnv): Controller {
  const namespaces = env.informers.of<Namespace>(NAMESPACES);
  return runController({
    name: 'namespace-controller',
    clock: env.clock,
    workers: 4,
    watches: [watchOf(namespaces, change => (begins(change) ? ownKey(change) : []))],
    report: (error, key) => env.report(error, `namespace-controller ${key}`),
    reconcile: async key => {
      const namespace = namespaces.get(key);
      if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(FINALIZER)) return undefined;
      const outcome = await empty(env, namespace.metadata.name);
      const conditions = namespaceConditions(namespace, outcome, env.clock.now());
      const fresh = await env.client.get<Namespace>(NAMESPACES, { name: key });
      const told = await env.client.update(
        NAMESPACES,
        { ...fresh, status: { ...fresh.status, phase: 'Terminating', conditions } },
        { subresource: 'status' },
      );
      if (outcome.leftovers.length > 0 || outcome.errors.length > 0) return AGAIN_MS;
      const finalizers = (fresh.spec?.finalizers ?? []).filter(each => each !== FINALIZER);
      await env.client.update(NAMESPACES, { ...told, spec: { ...fresh.spec, finalizers } } as Namespace, {
        subresource: 'finalize',
      });
      return undefined;
    },
  });
}

const isPodsOf = ({ group, resource }: ResourceDefinition): boolean =>
  resource === PODS.resource && group === PODS.group;

interface Outcome {
  readonly leftovers: readonly Leftover[];
  readonly errors: readonly string[];
}

/**
 * Deletes everything in a namespace and tells what is still there. Pods go first, and nothing else before the last of them is
 * gone: what they run under (network policies, secrets) must outlive them (KEP-5080, "Ordered namespace deletion").
 */
async function empty(env: ClusterEnv, namespace: string): Promise<Outcome> {
  const leftovers: Leftover[] = [];
  const errors: string[] = [];
  const resources = [...env.catalog.all()]
    .filter(
      each =>
        each.namespaced &&
        each.version === each.storageVersion &&
        each.verbs.includes('list') &&
        each.verbs.includes('delete'),
    )
    .sort((a, b) => Number(isPodsOf(b)) - Number(isPodsOf(a)));
  const collectable = new Set(deletableResources(env.catalog).map(describeResource));
  for (const definition of resources) {
    const ref = refOf(definition);
    try {
      const before = await env.client.list(ref, { namespace });
      if (before.items.length === 0) continue;
      const gone = collectable.has(describeResource(definition)) ? 'Background' : undefined;
      for (const { metadata } of before.items) {
        if (metadata.deletionTimestamp) continue;
        await env.client
          .delete(ref, { namespace, name: metadata.name ?? '' }, gone ? { propagationPolicy: gone } : {})
          .catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
      }
      const { items } = await env.client.list(ref, { namespace });
      if (items.length > 0) leftovers.push({ definition, items });
    } catch (error) {
      errors.push(`${describeResource(definition)}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (isPodsOf(definition) && leftovers.length + errors.length > 0) break;
  }
  return { leftovers, errors };
}

/** Every namespace has a `default` ServiceAccount and the cluster's CA in ConfigMap `kube-root-ca.crt`. */
export function startServiceAccountController(env: ClusterEnv): Controller {
  const namespaces = env.informers.of<Namespace>(NAMESPACES);
  const accounts = env.informers.of<ServiceAccount>(SERVICE_ACCOUNTS);
  const configMaps = env.informers.of<ConfigMap>(CONFIG_MAPS);
  const namespaceOf = (
    change: { object: { metadata: { namespace?: string; name?: string } } },
    name: string,
  ): string[] => (change.object.metadata.name === name ? [change.object.metadata.namespace ?? ''] : []);
  return runController({
    name: 'serviceaccount-controller',
    clock: env.clock,
    workers: 2,
    watches: [
      watchOf(namespaces, ownKey),
      watchOf(accounts, change => (change.type === 'deleted' ? namespaceOf(change, 'default') : [])),
      watchOf(configMaps, change => (change.type === 'added' ? [] : namespaceOf(change, ROOT_CA))),
    ],
    report: (error, key) => env.report(error, `serviceaccount-controller ${key}`),
    reconcile: async namespace => {
      const found = namespaces.get(namespace);
      if (!found || found.metadata.deletionTimestamp || found.status?.phase === 'Terminating') return undefined;
      if (!accounts.get(`${namespace}/default`))
        await env.client.create(
          SERVICE_ACCOUNTS,
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } },
          { namespace },
        );
      if (env.rootCa === undefined) return undefined;
      const data = { 'ca.crt': env.rootCa };
      const known = configMaps.get(`${namespace}/${ROOT_CA}`);
      if (known?.data?.['ca.crt'] === env.rootCa) return undefined;
      const description = {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      };
      if (known) await env.client.update(CONFIG_MAPS, { ...known, data });
      else
        await env.client.create(
          CONFIG_MAPS,
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: ROOT_CA, namespace, annotations: description },
            data,
          },
          { namespace },
        );
      return undefined;
    },
  });
}

const ROOT_CA = 'kube-root-ca.crt';
