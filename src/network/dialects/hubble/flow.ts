import type { DecidedBy, ObservedEnd, ObservedFlow } from '../../flows.ts';
import type { Message } from './messages.ts';

/** Verdicts, directions and event types by the numbers of the protocol (flow.proto; monitor API message types). */
export const VERDICT = { forwarded: 1, dropped: 2, redirected: 5 } as const;
export const DIRECTION = { ingress: 1, egress: 2 } as const;
const EVENT = { drop: 1, trace: 4, accessLog: 129 } as const;
const TRACE = { toEndpoint: 0, fromEndpoint: 5 } as const;
const OBSERVED_AT = { toEndpoint: 101, fromEndpoint: 5 } as const;
const TYPE = { l3l4: 1, l7: 2 } as const;
const REASONS: ReadonlySet<number> = new Set([132, 133, 134, 181]);
/** What flow tools call a pod nobody has told of yet. */
const UNKNOWN_SENDER = 172;

/** Reserved identities, and where numbers of pods and of address ranges start (Cilium, "Reserved labels"). */
const IDENTITY = { host: 1, world: 2, pods: 256, ranges: 1 << 24 } as const;
const LABEL_BYTES_MAX = 256;

function identityOf(end: ObservedEnd): number {
  if (end.kind === 'pod') return IDENTITY.pods + end.identity;
  if (end.kind === 'node') return IDENTITY.host;
  return end.isWorld ? IDENTITY.world : IDENTITY.ranges + end.identity;
}

function labelsOf(end: ObservedEnd): string[] {
  if (end.kind === 'node') return ['reserved:host'];
  if (end.kind === 'addresses') return ['reserved:world'];
  const own = [...(end.labels ?? [])].map(([key, value]) => `k8s:${key}=${value}`.slice(0, LABEL_BYTES_MAX));
  return [...own, `k8s:io.kubernetes.pod.namespace=${end.namespace ?? ''}`].sort();
}

function endpoint(end: ObservedEnd): Message {
  return {
    identity: identityOf(end),
    labels: labelsOf(end),
    ...(end.namespace ? { namespace: end.namespace } : {}),
    ...(end.pod ? { pod_name: end.pod } : {}),
    ...(end.workload ? { workloads: [end.workload] } : {}),
  };
}

function policy(by: DecidedBy): Message[] {
  if (by === 'default') return [];
  const { kind, namespace, name, rule } = by;
  const labels = [`k8s:io.cilium.k8s.policy.name=${name}`, `rule=${rule}`];
  return [{ name, ...(namespace ? { namespace } : {}), kind, labels }];
}

export function timestamp(time_ns: bigint): Message {
  return { seconds: time_ns / 1_000_000_000n, nanos: Number(time_ns % 1_000_000_000n) };
}

function layer4({ protocol, source, destination }: ObservedFlow): Message | undefined {
  const ports = { source_port: source.port, destination_port: destination.port };
  if (protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP') return { [protocol]: ports };
  // Of ICMP the "port" is the type plus one (engine/packets.ts).
  if (protocol === 'ICMP') return { ICMPv4: { type: destination.port - 1 } };
  return protocol === 'ICMPv6' ? { ICMPv6: { type: destination.port - 1 } } : undefined;
}

/** The drop reason of a flow by the protocol's number; 0 where it was not dropped. */
export function dropReason({ verdict, dropReason: reason }: ObservedFlow): number {
  if (verdict !== 'dropped') return 0;
  return REASONS.has(reason) ? reason : UNKNOWN_SENDER;
}

/** The event a flow was seen by: type and sub-type of the monitor API. */
export function eventOf(flow: ObservedFlow): { type: number; sub_type: number } {
  if (flow.http ?? flow.dns) return { type: EVENT.accessLog, sub_type: 0 };
  if (flow.verdict === 'dropped') return { type: EVENT.drop, sub_type: dropReason(flow) };
  return { type: EVENT.trace, sub_type: flow.direction === 'ingress' ? TRACE.toEndpoint : TRACE.fromEndpoint };
}

function layer7({ http, dns }: ObservedFlow): Message | undefined {
  const type = { type: 1 };
  if (http)
    return { ...type, http: { method: http.method, url: http.url, protocol: 'HTTP/1.1', code: http.status ?? 0 } };
  return dns
    ? { ...type, dns: { query: dns.name, ips: dns.addresses, ttl: dns.ttl_s, rcode: dns.rcode, qtypes: [dns.type] } }
    : undefined;
}

/** One side of a flow as a message of the protocol. */
export function flowMessage(flow: ObservedFlow, nodeName: string): Message {
  const { direction, source, destination, verdict, by } = flow;
  const reason = dropReason(flow);
  const l4 = layer4(flow);
  const l7 = layer7(flow);
  const place = direction === 'ingress' ? OBSERVED_AT.toEndpoint : OBSERVED_AT.fromEndpoint;
  return {
    time: timestamp(flow.time_ns),
    uuid: flow.uuid,
    verdict: VERDICT[verdict],
    drop_reason: reason,
    drop_reason_desc: reason,
    IP: { source: source.address, destination: destination.address, ipVersion: source.address.includes(':') ? 2 : 1 },
    ...(l4 ? { l4 } : {}),
    ...(l7 ? { l7 } : {}),
    source: endpoint(source),
    destination: endpoint(destination),
    Type: l7 ? TYPE.l7 : TYPE.l3l4,
    node_name: nodeName,
    source_names: source.names ?? [],
    destination_names: destination.names ?? [],
    event_type: eventOf(flow),
    traffic_direction: DIRECTION[direction],
    ...(verdict === 'forwarded' && !l7 ? { trace_observation_point: place } : {}),
    is_reply: { value: false },
    [`${direction}_${verdict === 'dropped' ? 'denied' : 'allowed'}_by`]: policy(by),
    Summary: summary(flow),
  };
}

function summary({ protocol, http, dns, by }: ObservedFlow): string {
  const what = http ? `${http.method} ${http.url}` : dns ? `DNS ${dns.type} ${dns.name}` : String(protocol);
  if (by === 'default') return what;
  return `${what} (${by.kind} ${by.namespace ? `${by.namespace}/` : ''}${by.name} ${by.rule})`;
}
