import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { Change } from '../../kernel/informer.ts';
import { objectKey } from '../../kernel/indexer.ts';
import { carryOut, type ClusterEnv, ownedInformer, ownKey, paceFor } from '../driver.ts';
import { sameJson } from '../hash.ts';
import { ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, SERVICES } from '../refs.ts';
import { matchesLabels } from '../selector.ts';
import type { Endpoints, EndpointSlice, Node, Pod, Service } from '../types.ts';
import { MANAGED_BY, MANAGER, SERVICE_LABEL, stepEndpointSlices, subsetsOf } from './endpoints.ts';

/** Changes of a pod no service cares about. */
const sameEndpoint = (a: Pod, b: Pod): boolean =>
  sameJson(a.metadata.labels, b.metadata.labels) &&
  a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
  a.status?.podIP === b.status?.podIP &&
  sameJson(a.status?.podIPs, b.status?.podIPs) &&
  a.status?.phase === b.status?.phase &&
  a.spec.nodeName === b.spec.nodeName &&
  readiness(a) === readiness(b);

const readiness = (pod: Pod): string | undefined => pod.status?.conditions?.find(each => each.type === 'Ready')?.status;

/** Where a pod is found by any one of its labels. */
const labelPlaces = (pod: Pod): string[] =>
  Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => `${pod.metadata.namespace}/${key}=${value}`);

/** The label a service's pods are looked up by: the first of its selector. */
function selectorPlace(service: Service): string[] {
  const [first] = Object.entries(service.spec.selector ?? {});
  return first ? [`${service.metadata.namespace}/${first[0]}=${first[1]}`] : [];
}

function sharedParts(env: ClusterEnv) {
  const services = env.informers.of<Service>(SERVICES).index('selector', selectorPlace);
  const pods = ownedInformer<Pod>(env, PODS).index('label', labelPlaces);
  const podsOf = (service: Service): Pod[] => {
    const [place] = selectorPlace(service);
    return place === undefined
      ? []
      : pods.by('label', place).filter(pod => matchesLabels(service.spec.selector, pod.metadata.labels));
  };
  const servicesOf = (change: Change<Pod>): string[] => {
    if (change.old && change.type === 'updated' && sameEndpoint(change.object, change.old)) return [];
    const keys = new Set<string>();
    for (const pod of change.old ? [change.object, change.old] : [change.object])
      for (const place of labelPlaces(pod))
        for (const service of services.by('selector', place))
          if (matchesLabels(service.spec.selector, pod.metadata.labels)) keys.add(objectKey(service));
    return [...keys];
  };
  const pace = (key: string): number => {
    const service = services.get(key);
    const [place] = service ? selectorPlace(service) : [];
    return place === undefined ? 0 : paceFor(pods.count('label', place));
  };
  return { services, pods, podsOf, servicesOf, pace };
}

/** Keeps the EndpointSlices of every service with a selector. */
export function startEndpointSliceController(env: ClusterEnv): Controller {
  const component = 'endpoint-slice-controller';
  const { services, pods, podsOf, servicesOf, pace } = sharedParts(env);
  const nodes = env.informers.of<Node>(NODES);
  const serviceOf = (slice: EndpointSlice): string[] => {
    const name = slice.metadata.labels?.[SERVICE_LABEL];
    return name && slice.metadata.labels?.[MANAGED_BY] === MANAGER ? [`${slice.metadata.namespace}/${name}`] : [];
  };
  const slices = env.informers.of<EndpointSlice>(ENDPOINT_SLICES).index('service', serviceOf);
  return runController({
    name: component,
    clock: env.clock,
    workers: 8,
    watches: [
      watchOf(services, ownKey),
      watchOf(pods, servicesOf, pace),
      watchOf(slices, change => serviceOf(change.object)),
      watchOf(nodes, () => []),
    ],
    report: (error, key) => env.report(error, `${component} ${key}`),
    reconcile: async key => {
      const service = services.get(key);
      if (!service) return undefined;
      const step = stepEndpointSlices({
        service,
        pods: podsOf(service),
        slices: slices.by('service', key),
        nodeNamed: name => nodes.get(name),
      });
      await carryOut(env, component, step.effects);
      return undefined;
    },
  });
}

/** Keeps the Endpoints object of every service with a selector, for clients older than EndpointSlices. */
export function startEndpointsController(env: ClusterEnv): Controller {
  const component = 'endpoint-controller';
  const { services, pods, podsOf, servicesOf, pace } = sharedParts(env);
  const endpoints = env.informers.of<Endpoints>(ENDPOINTS);
  return runController({
    name: component,
    clock: env.clock,
    workers: 8,
    watches: [watchOf(services, ownKey), watchOf(pods, servicesOf, pace), watchOf(endpoints, ownKey)],
    report: (error, key) => env.report(error, `${component} ${key}`),
    reconcile: async key => {
      const service = services.get(key);
      const known = endpoints.get(key);
      const [namespace = '', name = ''] = key.split('/');
      if (!service) {
        if (known?.metadata.labels?.[ENDPOINTS_MANAGED_BY] === component)
          await carryOut(env, component, [
            { do: 'delete', ref: ENDPOINTS, key: { namespace, name }, uid: known.metadata.uid },
          ]);
        return undefined;
      }
      if (!service.spec.selector || service.spec.type === 'ExternalName' || service.metadata.deletionTimestamp)
        return undefined;
      const subsets = subsetsOf(service, podsOf(service));
      const labels = {
        ...service.metadata.labels,
        [ENDPOINTS_MANAGED_BY]: component,
        ...(service.spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
      };
      if (known && sameJson(known.subsets ?? [], subsets) && sameJson(known.metadata.labels, labels)) return undefined;
      const object = {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: known ? { ...known.metadata, labels } : { name, namespace, labels },
        subsets,
      };
      await carryOut(env, component, [{ do: known ? 'update' : 'create', ref: ENDPOINTS, object }]);
      return undefined;
    },
  });
}

const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
