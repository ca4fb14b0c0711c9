import type { DecidedBy, ObservedEnd, ObservedFlow } from './flows.ts';

const TEXT_MAX = 4096;
const LABELS_MAX = 512;
const PROTOCOLS: ReadonlySet<unknown> = new Set(['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6']);

/** A flow as one line of JSON, as nodes tell each other of them; {@link parseFlowLine} reads it. */
export function formatFlowLine(flow: ObservedFlow): string {
  return JSON.stringify(flow, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value instanceof Map ? Object.fromEntries(value) : value,
  );
}

/** Thrown inside and never out: the line is no flow. */
class Unreadable extends Error {}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable();
  return value as Fields;
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value.length > TEXT_MAX) throw new Unreadable();
  return value;
}

function count(value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw new Unreadable();
  return value;
}

function oneOf<T extends string>(value: unknown, ...known: readonly T[]): T {
  const found = known.find(each => each === value);
  if (found === undefined) throw new Unreadable();
  return found;
}

/** `{name: value}` where there is one; nothing where there is none. */
function optional<K extends string, T>(key: K, value: unknown, read: (value: unknown) => T): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [key]: read(value) } as Record<K, T>);
}

function readLabels(value: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(fields(value));
  if (entries.length > LABELS_MAX) throw new Unreadable();
  return new Map(entries.map(([key, label]) => [text(key), text(label)]));
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > LABELS_MAX) throw new Unreadable();
  return value.map(text);
}

function readEnd(value: unknown): ObservedEnd {
  const end = fields(value);
  return {
    kind: oneOf(end.kind, 'pod', 'node', 'addresses'),
    address: text(end.address),
    port: count(end.port, 0xffff),
    identity: count(end.identity, 0xffff_ffff),
    ...optional('isWorld', end.isWorld, isWorld => isWorld === true),
    ...optional('namespace', end.namespace, text),
    ...optional('pod', end.pod, text),
    ...optional('labels', end.labels, readLabels),
    ...optional('workload', end.workload, one => ({ kind: text(fields(one).kind), name: text(fields(one).name) })),
    ...optional('service', end.service, one => ({
      namespace: text(fields(one).namespace),
      name: text(fields(one).name),
    })),
    ...optional('names', end.names, texts),
  };
}

function readBy(value: unknown): DecidedBy {
  if (value === 'default') return value;
  const by = fields(value);
  return {
    kind: text(by.kind),
    ...optional('namespace', by.namespace, text),
    name: text(by.name),
    rule: text(by.rule),
  };
}

function readProtocol(value: unknown): ObservedFlow['protocol'] {
  return PROTOCOLS.has(value) ? (value as ObservedFlow['protocol']) : count(value, 255);
}

function readHttp(value: unknown): NonNullable<ObservedFlow['http']> {
  const http = fields(value);
  return {
    method: text(http.method),
    url: text(http.url),
    ...optional('status', http.status, status => count(status, 999)),
  };
}

function readDns(value: unknown): NonNullable<ObservedFlow['dns']> {
  const { name, type, rcode, addresses, ttl_s } = fields(value);
  return {
    name: text(name),
    type: text(type),
    rcode: count(rcode, 0xffff),
    addresses: texts(addresses),
    ttl_s: count(ttl_s, 0xffff_ffff),
  };
}

function readTime(value: unknown): bigint {
  if (!/^\d{1,20}$/.test(text(value))) throw new Unreadable();
  return BigInt(text(value));
}

/** Reads a line of another node; what it says of its own name is not believed. Undefined when the line is no flow. */
export function parseFlowLine(line: string, node: string): ObservedFlow | undefined {
  try {
    const flow = fields(JSON.parse(line));
    return {
      uuid: text(flow.uuid),
      time_ns: readTime(flow.time_ns),
      direction: oneOf(flow.direction, 'ingress', 'egress'),
      verdict: oneOf(flow.verdict, 'forwarded', 'dropped', 'redirected'),
      dropReason: count(flow.dropReason, 255),
      protocol: readProtocol(flow.protocol),
      source: readEnd(flow.source),
      destination: readEnd(flow.destination),
      by: readBy(flow.by),
      ...optional('http', flow.http, readHttp),
      ...optional('dns', flow.dns, readDns),
      node,
    };
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
