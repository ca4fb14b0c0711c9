import type { Answer, DecidedByRule, Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { Documents, Place } from '../model.ts';
import type { Backend } from './workload.ts';

interface ServiceSpec {
  readonly type?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly externalName?: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly targetPort?: number | string;
    readonly protocol?: string;
  }[];
}

/** Where a Service leads: backends with the port each listens on. */
export interface Resolved {
  readonly answer: Answer;
  readonly targets: readonly { readonly backend: Backend; readonly port: number }[];
}

const text = (en: string, zh: string): Text => ({ en, zh });

/** The Service a place means, if one has its name. */
export function findService(documents: Documents, place: Place): KubeObject | undefined {
  const named = place.kind === 'dns' ? serviceOfHost(place.host) : place.kind === 'named' ? place : undefined;
  if (!named || (place.kind === 'named' && place.of !== undefined && place.of !== 'Service')) return undefined;
  return documents.objects.find(
    object =>
      object.kind === 'Service' &&
      object.metadata.name === named.name &&
      (object.metadata.namespace ?? 'default') === named.namespace,
  );
}

/** `payments.shop.svc.cluster.local` -> shop/payments (Kubernetes DNS specification 1.1, §2.3.1). */
export function serviceOfHost(host: string): { namespace: string; name: string } | undefined {
  const [name, namespace, svc] = host.split('.');
  return name && namespace && svc === 'svc' ? { namespace, name } : undefined;
}

const ruleOf = (documents: Documents, service: KubeObject): DecidedByRule => {
  const where = documents.originOf(service);
  return {
    kind: 'Service',
    namespace: service.metadata.namespace ?? 'default',
    name: service.metadata.name ?? '',
    ...(where ? { where } : {}),
  };
};

function answer(documents: Documents, service: KubeObject, outcome: Answer['outcome'], because: Text): Answer {
  return {
    outcome,
    layer: 'network',
    enforcer: 'service',
    by: ruleOf(documents, service),
    because: [because],
    nearMisses: [],
    unmodelled: [],
  };
}

const describePort = (port: number | string | undefined): string => (port === undefined ? '' : `:${port}`);

/** Follows a Service to the pods behind it, as kube-proxy would (Service reference, "Virtual IPs"). */
export function resolveService(
  documents: Documents,
  service: KubeObject,
  backends: readonly Backend[],
  port: number | string | undefined,
  protocol: string,
): Resolved {
  const spec = (service.spec ?? {}) as ServiceSpec;
  const say = (outcome: Answer['outcome'], en: string, zh: string): Resolved => ({
    answer: answer(documents, service, outcome, text(en, zh)),
    targets: [],
  });
  if (spec.type === 'ExternalName')
    return say(
      'unknown',
      `The name leads out of the cluster to ${spec.externalName}`,
      `该名称指向集群外的 ${spec.externalName}`,
    );
  const ports = (spec.ports ?? []).filter(entry => (entry.protocol ?? 'TCP') === protocol);
  const chosen =
    port === undefined
      ? ports.length === 1
        ? ports[0]
        : undefined
      : ports.find(entry => entry.port === port || entry.name === port);
  if (!chosen) {
    const known = (spec.ports ?? []).map(entry => `${entry.port}/${entry.protocol ?? 'TCP'}`).join(', ') || 'none';
    return port === undefined
      ? say('unknown', `The Service has the ports ${known}: name one`, `该服务的端口为 ${known}:请指定一个`)
      : say(
          'deny',
          `The Service has no port ${port}/${protocol}; it has ${known}`,
          `该服务没有端口 ${port}/${protocol};现有 ${known}`,
        );
  }
  if (!spec.selector || Object.keys(spec.selector).length === 0) {
    return say(
      'unknown',
      'The Service has no selector: its endpoints are kept by hand',
      '该服务没有选择器:端点由人工维护',
    );
  }
  const selected = backends.filter(
    backend =>
      backend.namespace === (service.metadata.namespace ?? 'default') &&
      Object.entries(spec.selector!).every(
        ([key, value]) => Object.hasOwn(backend.labels, key) && backend.labels[key] === value,
      ),
  );
  if (selected.length === 0)
    return say(
      'deny',
      'No pod has the labels the Service selects: it has no endpoints',
      '没有 Pod 带有该服务选择的标签:服务没有端点',
    );
  const targetPort = chosen.targetPort ?? chosen.port;
  const targets = selected.flatMap(backend => {
    const number =
      typeof targetPort === 'number' ? targetPort : backend.ports.find(entry => entry.name === targetPort)?.port;
    return number === undefined ? [] : [{ backend, port: number }];
  });
  if (targets.length === 0)
    return say('deny', `No selected pod names a port "${targetPort}"`, `被选中的 Pod 没有名为“${targetPort}”的端口`);
  const names = targets.map(({ backend, port: number }) => `${backend.namespace}/${backend.name}:${number}`).join(', ');
  return {
    answer: answer(
      documents,
      service,
      'allow',
      text(`Port ${describePort(chosen.port).slice(1)} leads to ${names}`, `端口 ${chosen.port} 指向 ${names}`),
    ),
    targets,
  };
}
