import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { JsonObject } from '../../kernel/object.ts';
import { carryOut, type ClusterEnv, ownKey } from '../driver.ts';
import { deleting, type Effect } from '../effect.ts';
import { canonicalJson, sameJson } from '../hash.ts';
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from '../refs.ts';
import type { Endpoints, EndpointSlice, EndpointSubset, Service } from '../types.ts';
import { MANAGED_BY, SERVICE_LABEL } from './endpoints.ts';

const MIRROR = 'endpointslicemirroring-controller.k8s.io';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const NAME = 'endpoint-slice-mirroring-controller';
const ADDRESSES_MAX = 1_000;

export interface MirrorInput {
  readonly service: Service | undefined;
  readonly endpoints: Endpoints | undefined;
  /** Slices this controller made for them. */
  readonly slices: readonly EndpointSlice[];
}

/** Shows Endpoints somebody wrote by hand for a service without a selector to those who read slices only. */
export function stepMirror({ service, endpoints, slices }: MirrorInput): Effect[] {
  const mirrored =
    service &&
    endpoints &&
    !endpoints.metadata.deletionTimestamp &&
    !service.spec.selector &&
    endpoints.metadata.labels?.[SKIP] !== 'true' &&
    !endpoints.metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'];
  const wanted = mirrored ? (endpoints.subsets ?? []).flatMap(subset => slicesFor(endpoints, subset)) : [];
  const left = [...slices];
  const effects: Effect[] = [];
  for (const slice of wanted) {
    const at = left.findIndex(
      each =>
        each.addressType === slice.addressType && canonicalJson(each.ports ?? []) === canonicalJson(slice.ports ?? []),
    );
    const known =
      at >= 0
        ? left.splice(at, 1)[0]!
        : left.splice(left.findIndex(each => each.addressType === slice.addressType) >>> 0, 1)[0];
    if (!known) effects.push({ do: 'create', ref: ENDPOINT_SLICES, object: slice });
    else if (!sameJson(known.endpoints, slice.endpoints) || !sameJson(known.ports ?? [], slice.ports ?? []))
      effects.push({
        do: 'update',
        ref: ENDPOINT_SLICES,
        object: { ...known, endpoints: slice.endpoints, ports: slice.ports ?? [] },
      });
  }
  return [...effects, ...left.map(slice => deleting(ENDPOINT_SLICES, slice))];
}

function slicesFor(endpoints: Endpoints, subset: EndpointSubset): EndpointSlice[] {
  const all = [
    ...(subset.addresses ?? []).map(address => ({ address, ready: true })),
    ...(subset.notReadyAddresses ?? []).map(address => ({ address, ready: false })),
  ].slice(0, ADDRESSES_MAX);
  const { name, namespace = '', uid, labels } = endpoints.metadata;
  return (['IPv4', 'IPv6'] as const).flatMap(addressType => {
    const own = all.filter(({ address }) => address.ip.includes(':') === (addressType === 'IPv6'));
    if (own.length === 0) return [];
    const list = own.map(({ address, ready }) => ({
      addresses: [address.ip],
      conditions: { ready },
      ...(address.hostname ? { hostname: address.hostname } : {}),
      ...(address.nodeName ? { nodeName: address.nodeName } : {}),
      ...(address.targetRef ? { targetRef: address.targetRef } : {}),
    }));
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels: { ...labels, [SERVICE_LABEL]: name, [MANAGED_BY]: MIRROR },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      addressType,
      endpoints: list,
      ports: (subset.ports ?? []).map(
        (port): JsonObject => ({
          name: port.name ?? '',
          protocol: port.protocol ?? 'TCP',
          port: port.port,
          ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
        }),
      ),
    };
    return [slice as unknown as EndpointSlice];
  });
}

/** Mirrors hand-made Endpoints into EndpointSlices. */
export function startMirrorController(env: ClusterEnv): Controller {
  const services = env.informers.of<Service>(SERVICES);
  const endpoints = env.informers.of<Endpoints>(ENDPOINTS);
  const mirrorOf = (slice: EndpointSlice): string[] => {
    const name = slice.metadata.labels?.[SERVICE_LABEL];
    return name && slice.metadata.labels?.[MANAGED_BY] === MIRROR ? [`${slice.metadata.namespace}/${name}`] : [];
  };
  const slices = env.informers.of<EndpointSlice>(ENDPOINT_SLICES).index('mirror', mirrorOf);
  return runController({
    name: NAME,
    clock: env.clock,
    watches: [
      watchOf(services, ownKey),
      watchOf(endpoints, ownKey),
      watchOf(slices, change => mirrorOf(change.object)),
    ],
    report: (error, key) => env.report(error, `${NAME} ${key}`),
    reconcile: async key => {
      await carryOut(
        env,
        NAME,
        stepMirror({ service: services.get(key), endpoints: endpoints.get(key), slices: slices.by('mirror', key) }),
      );
      return undefined;
    },
  });
}
