import type { Answer, Text } from '../../base/index.ts';
import { explain as explainFlow, type PartyReference } from '../../network/index.ts';
import type { Prepared } from './prepared.ts';
import type { Backend } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const DNS_PORT = 53;
const ASSUMED = new Map([['k8s-app', 'kube-dns']]);

/** Cluster DNS as a party: the pods of kube-system that serve it, or the ones every cluster has. */
function serverOf(prepared: Prepared): { party: PartyReference; assumed: boolean } {
  const found = prepared.backends.find(
    ({ namespace, labels }) => namespace === 'kube-system' && labels['k8s-app'] === 'kube-dns',
  );
  const labels = prepared.kinds('Namespace').find(({ metadata }) => metadata.name === 'kube-system')?.metadata.labels;
  const identity = found?.identity ?? {
    kind: 'pod' as const,
    namespace: 'kube-system',
    labels: ASSUMED,
    namespaceLabels: new Map(Object.entries({ ...labels, 'kubernetes.io/metadata.name': 'kube-system' })),
    ports: [
      { name: 'dns', protocol: 'UDP' as const, port: DNS_PORT },
      { name: 'dns-tcp', protocol: 'TCP' as const, port: DNS_PORT },
    ],
  };
  return { party: { kind: 'pod', namespace: 'kube-system', name: 'kube-dns', identity }, assumed: !found };
}

/** A Service is reached by its address, whoever looked it up; a name must be looked up by the source itself. */
export type NameUse = 'by-name' | 'by-service';

/** May the source look names up? For a question about a name the verdict counts, for one about a Service it is told. */
export function dnsHop(prepared: Prepared, source: Backend, host: string, use: NameUse): Answer {
  const { party, assumed } = serverOf(prepared);
  const from: PartyReference = {
    kind: 'pod',
    namespace: source.namespace,
    name: source.name,
    identity: source.identity,
  };
  const request = { kind: 'dns', name: host } as const;
  const flow = { source: from, destination: party, protocol: 'UDP', port: DNS_PORT, request } as const;
  const answers = explainFlow(flow, prepared.snapshot);
  const stops = answers.find(answer => answer.outcome !== 'allow');
  const base = { layer: 'network', enforcer: 'dns' } as const;
  const where = assumed
    ? [
        both(
          'Cluster DNS is taken to be the pods k8s-app=kube-dns of kube-system',
          '假定集群 DNS 为 kube-system 中 k8s-app=kube-dns 的 Pod',
        ),
      ]
    : [];
  if (!stops) {
    const resolves = both(`The source may look up ${host}`, `源可以解析 ${host}`);
    return {
      ...base,
      outcome: 'allow',
      by: answers[0]?.by ?? { default: resolves },
      because: [resolves],
      nearMisses: [],
      unmodelled: [],
    };
  }
  const blocked = both(`The source may not look up ${host}`, `源无法解析 ${host}`);
  const goesOn = both(
    'By the address of the Service the flow goes on; by its name it ends here',
    '按服务地址访问可继续;按名称访问到此为止',
  );
  if (use === 'by-service')
    return {
      ...base,
      outcome: 'allow',
      by: stops.by,
      because: [blocked, goesOn, ...where],
      nearMisses: [],
      unmodelled: [],
    };
  const { by, nearMisses, unmodelled, flip } = stops;
  return {
    ...base,
    outcome: stops.outcome,
    by,
    because: [blocked, ...where, ...stops.because],
    nearMisses,
    unmodelled,
    ...(flip ? { flip } : {}),
  };
}
