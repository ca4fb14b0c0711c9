import { BYTES, type WireReader, WireReader as Reader, VARINT, WireWriter } from '../../../kernel/proto/wire.ts';

/** How a field is written; a message by its name in {@link MESSAGES}. */
type Kind = 'number' | 'bool' | 'text' | (string & {});

/** One field: its tag, kind, and whether it may come several times. */
type Field = readonly [tag: number, kind: Kind, repeated?: 'many'];

const ENDS = ['source', 'destination'] as const;
const NUMBERS: Readonly<Record<string, readonly [number, number]>> = {
  ip: [1, 3],
  pod: [2, 4],
  fqdn: [7, 8],
  label: [10, 11],
  port: [13, 14],
  service: [16, 17],
};
const bothEnds = Object.entries(NUMBERS).flatMap(([name, tags]) =>
  ENDS.map((end, at): [string, Field] => [`${end}_${name}`, [tags[at]!, 'text', 'many']]),
);

/**
 * The messages of the flow observer's protocol that are read or written here: packages `flow` and `observer` of Cilium's
 * public API, field numbers as published there. Fields that are not listed are not written; what they mean in a filter
 * cannot be honoured, so a filter that has one is refused.
 */
export const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  Timestamp: { seconds: [1, 'number'], nanos: [2, 'number'] },
  BoolValue: { value: [1, 'bool'] },
  UInt32Value: { value: [1, 'number'] },
  Flow: {
    time: [1, 'Timestamp'],
    verdict: [2, 'number'],
    drop_reason: [3, 'number'],
    IP: [5, 'IP'],
    l4: [6, 'Layer4'],
    source: [8, 'Endpoint'],
    destination: [9, 'Endpoint'],
    Type: [10, 'number'],
    node_name: [11, 'text'],
    source_names: [13, 'text', 'many'],
    destination_names: [14, 'text', 'many'],
    l7: [15, 'Layer7'],
    event_type: [19, 'EventType'],
    traffic_direction: [22, 'number'],
    policy_match_type: [23, 'number'],
    trace_observation_point: [24, 'number'],
    drop_reason_desc: [25, 'number'],
    is_reply: [26, 'BoolValue'],
    uuid: [34, 'text'],
    Summary: [100_000, 'text'],
    egress_allowed_by: [21_001, 'Policy', 'many'],
    ingress_allowed_by: [21_002, 'Policy', 'many'],
    egress_denied_by: [21_004, 'Policy', 'many'],
    ingress_denied_by: [21_005, 'Policy', 'many'],
  },
  IP: { source: [1, 'text'], destination: [2, 'text'], ipVersion: [3, 'number'] },
  Layer4: {
    TCP: [1, 'Ports'],
    UDP: [2, 'Ports'],
    ICMPv4: [3, 'Icmp'],
    ICMPv6: [4, 'Icmp'],
    SCTP: [5, 'Ports'],
  },
  Ports: { source_port: [1, 'number'], destination_port: [2, 'number'] },
  Icmp: { type: [1, 'number'], code: [2, 'number'] },
  Layer7: { type: [1, 'number'], latency_ns: [2, 'number'], dns: [100, 'DNS'], http: [101, 'HTTP'] },
  DNS: {
    query: [1, 'text'],
    ips: [2, 'text', 'many'],
    ttl: [3, 'number'],
    rcode: [6, 'number'],
    qtypes: [7, 'text', 'many'],
  },
  HTTP: { code: [1, 'number'], method: [2, 'text'], url: [3, 'text'], protocol: [4, 'text'] },
  Endpoint: {
    ID: [1, 'number'],
    identity: [2, 'number'],
    namespace: [3, 'text'],
    labels: [4, 'text', 'many'],
    pod_name: [5, 'text'],
    workloads: [6, 'Workload', 'many'],
  },
  Workload: { name: [1, 'text'], kind: [2, 'text'] },
  EventType: { type: [1, 'number'], sub_type: [2, 'number'] },
  Policy: { name: [1, 'text'], namespace: [2, 'text'], labels: [3, 'text', 'many'], kind: [5, 'text'] },
  EventTypeFilter: { type: [1, 'number'], match_sub_type: [2, 'bool'], sub_type: [3, 'number'] },
  FlowFilter: {
    ...Object.fromEntries(bothEnds),
    verdict: [5, 'number', 'many'],
    event_type: [6, 'EventTypeFilter', 'many'],
    http_status_code: [9, 'text', 'many'],
    protocol: [12, 'text', 'many'],
    reply: [15, 'bool', 'many'],
    dns_query: [18, 'text', 'many'],
    source_identity: [19, 'number', 'many'],
    destination_identity: [20, 'number', 'many'],
    http_method: [21, 'text', 'many'],
    http_path: [22, 'text', 'many'],
    node_name: [24, 'text', 'many'],
    ip_version: [25, 'number', 'many'],
    source_workload: [26, 'Workload', 'many'],
    destination_workload: [27, 'Workload', 'many'],
    uuid: [29, 'text', 'many'],
    traffic_direction: [30, 'number', 'many'],
  },
  GetFlowsRequest: {
    number: [1, 'number'],
    follow: [3, 'bool'],
    blacklist: [5, 'FlowFilter', 'many'],
    whitelist: [6, 'FlowFilter', 'many'],
    since: [7, 'Timestamp'],
    until: [8, 'Timestamp'],
    first: [9, 'bool'],
  },
  GetFlowsResponse: {
    flow: [1, 'Flow'],
    lost_events: [3, 'LostEvent'],
    node_name: [1000, 'text'],
    time: [1001, 'Timestamp'],
  },
  LostEvent: { source: [1, 'number'], num_events_lost: [2, 'number'] },
  Empty: {},
  HealthCheckResponse: { status: [1, 'number'] },
  ServerStatusResponse: {
    num_flows: [1, 'number'],
    max_flows: [2, 'number'],
    seen_flows: [3, 'number'],
    uptime_ns: [4, 'number'],
    num_connected_nodes: [5, 'UInt32Value'],
    num_unavailable_nodes: [6, 'UInt32Value'],
    unavailable_nodes: [7, 'text', 'many'],
    version: [8, 'text'],
  },
  GetNodesResponse: { nodes: [1, 'Node', 'many'] },
  Node: {
    name: [1, 'text'],
    version: [2, 'text'],
    address: [3, 'text'],
    state: [4, 'number'],
    uptime_ns: [6, 'number'],
    num_flows: [7, 'number'],
    max_flows: [8, 'number'],
    seen_flows: [9, 'number'],
  },
  GetNamespacesResponse: { namespaces: [1, 'NamespaceName', 'many'] },
  NamespaceName: { cluster: [1, 'text'], namespace: [2, 'text'] },
};

/** A message as plain data; absent fields have their default. Numbers beyond 2^53 are bigints. */
export type Message = Readonly<Record<string, unknown>>;

function writeOne(out: WireWriter, tag: number, kind: Kind, value: unknown): void {
  if (kind === 'text') out.text(tag, String(value));
  else if (kind === 'bool') out.integer(tag, value === true ? 1 : 0);
  else if (kind === 'number') out.integer(tag, value as number | bigint);
  else out.bytes(tag, encodeMessage(kind, value as Message));
}

/** Writes a message; fields at their default are left out unless they are repeated or messages. */
export function encodeMessage(name: string, message: Message): Uint8Array {
  const out = new WireWriter();
  for (const [key, [tag, kind, repeated]] of Object.entries(MESSAGES[name]!)) {
    const value = message[key];
    if (value === undefined) continue;
    if (repeated) for (const each of value as readonly unknown[]) writeOne(out, tag, kind, each);
    else if (value !== '' && value !== 0 && value !== false) writeOne(out, tag, kind, value);
  }
  return out.finish();
}

const DEPTH_MAX = 16;

function readOne(block: WireReader | undefined, number: bigint, kind: Kind, depth: number): unknown {
  if (kind === 'bool') return number !== 0n;
  if (kind === 'number') return number > BigInt(Number.MAX_SAFE_INTEGER) ? number : Number(number);
  if (!block) return undefined;
  return kind === 'text' ? block.text() : decodeBlock(kind, block, depth + 1);
}

function decodeBlock(name: string, reader: WireReader, depth: number): Message {
  if (depth > DEPTH_MAX) throw new RangeError('Messages are nested too deep');
  const fields = new Map(Object.entries(MESSAGES[name]!).map(([key, field]) => [field[0], [key, field] as const]));
  const message: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  while (!reader.done) {
    const { tag, wire } = reader.key();
    const known = fields.get(tag);
    if (!known) {
      if (name === 'FlowFilter') throw new RangeError(`Filter field ${tag} is not supported`);
      reader.skip(wire);
      continue;
    }
    const [key, [, kind, repeated]] = known;
    const isNumber = kind === 'number' || kind === 'bool';
    const values: unknown[] = [];
    if (wire === VARINT && isNumber) values.push(readOne(undefined, reader.varint(), kind, depth));
    else if (wire === BYTES) {
      const block = reader.block();
      // Repeated numbers come packed.
      if (isNumber) while (!block.done) values.push(readOne(undefined, block.varint(), kind, depth));
      else values.push(readOne(block, 0n, kind, depth));
    } else throw new RangeError(`Field ${key} of ${name} has the wrong type`);
    if (repeated) message[key] = [...((message[key] as unknown[] | undefined) ?? []), ...values];
    else message[key] = values.at(-1);
  }
  return message;
}

/** Reads a message; throws RangeError or ProtoError for bytes that are none. */
export function decodeMessage(name: string, bytes: Uint8Array): Message {
  return decodeBlock(name, new Reader(bytes), 0);
}
