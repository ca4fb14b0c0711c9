import { allowsAny } from '../../engine/requests.ts';
import type { HttpMatch, Protocol, Requests, RulePort } from '../../model.ts';
import { readRange } from '../kubernetes/networkpolicy.ts';
import { onlyFields, readList, readObject, readString, refuse } from '../kubernetes/read.ts';
import { namePatterns, type PolicyReading, unmodelled } from './peers.ts';

function protocolsOf(reading: PolicyReading, value: unknown, path: string): Protocol[] {
  if (value === undefined || value === 'ANY' || value === '') return ['TCP', 'UDP', 'SCTP'];
  if (value === 'TCP' || value === 'UDP' || value === 'SCTP') return [value];
  refuse(reading, path, 'TCP, UDP, SCTP or ANY', value);
  return [];
}

/** Every field of what is inside toPorts and icmps that is read or known to be unread. */
const FIELDS = {
  group: new Set(['ports', 'rules', 'terminatingTLS', 'originatingTLS', 'serverNames', 'listener']),
  port: new Set(['port', 'endPort', 'protocol']),
  http: new Set(['method', 'path', 'host', 'headers', 'headerMatches']),
  header: new Set(['name', 'value', 'mismatch', 'secret']),
  icmps: new Set(['fields']),
  icmp: new Set(['family', 'type']),
} as const;

function readPort(reading: PolicyReading, value: unknown, path: string): RulePort[] {
  const entry = readObject(reading, value, path) ?? {};
  onlyFields(reading, entry, path, FIELDS.port);
  const text = typeof entry.port === 'number' ? String(entry.port) : readString(reading, entry.port, `${path}/port`);
  return protocolsOf(reading, entry.protocol, `${path}/protocol`).flatMap((protocol): RulePort[] => {
    if (text === undefined || text === '0') return [{ protocol, from: 1, to: 65535 }];
    if (!/^\d+$/.test(text)) return [{ protocol, named: text }];
    const end = typeof entry.endPort === 'number' && entry.endPort > 0 ? entry.endPort : Number(text);
    return readRange(reading, Number(text), end, protocol, path);
  });
}

const ICMP_TYPES: ReadonlyMap<string, number> = new Map([
  ['4 EchoReply', 0],
  ['4 DestinationUnreachable', 3],
  ['4 Redirect', 5],
  ['4 Echo', 8],
  ['4 EchoRequest', 8],
  ['4 RouterAdvertisement', 9],
  ['4 RouterSelection', 10],
  ['4 TimeExceeded', 11],
  ['4 ParameterProblem', 12],
  ['4 Timestamp', 13],
  ['4 TimestampReply', 14],
  ['4 Photuris', 40],
  ['4 ExtendedEchoRequest', 42],
  ['4 ExtendedEchoReply', 43],
  ['6 DestinationUnreachable', 1],
  ['6 PacketTooBig', 2],
  ['6 TimeExceeded', 3],
  ['6 ParameterProblem', 4],
  ['6 EchoRequest', 128],
  ['6 EchoReply', 129],
  ['6 MulticastListenerQuery', 130],
  ['6 MulticastListenerReport', 131],
  ['6 MulticastListenerDone', 132],
  ['6 RouterSolicitation', 133],
  ['6 RouterAdvertisement', 134],
  ['6 NeighborSolicitation', 135],
  ['6 NeighborAdvertisement', 136],
  ['6 RedirectMessage', 137],
]);

/** ICMP messages by family and type, a number or its name ("Limit ICMP/ICMPv6 types"). */
export function readIcmps(reading: PolicyReading, value: unknown, path: string): RulePort[] {
  return readList(reading, value, path).flatMap((entry, index) => {
    const rule = readObject(reading, entry, `${path}/${index}`) ?? {};
    onlyFields(reading, rule, `${path}/${index}`, FIELDS.icmps);
    return readList(reading, rule.fields, `${path}/${index}/fields`).flatMap((raw, place): RulePort[] => {
      const at = `${path}/${index}/fields/${place}`;
      const field = readObject(reading, raw, at) ?? {};
      onlyFields(reading, field, at, FIELDS.icmp);
      const family = field.family === 'IPv6' ? '6' : '4';
      const type = ICMP_TYPES.get(`${family} ${String(field.type)}`) ?? Number(field.type);
      if (!Number.isInteger(type) || type < 0 || type > 255) {
        refuse(reading, `${at}/type`, 'a type of ICMP messages', field.type);
        return [];
      }
      return [{ protocol: family === '4' ? 'ICMP' : 'ICMPv6', from: type + 1, to: type + 1 }];
    });
  });
}

/** One entry of toPorts: ports, and what of them is read further than the port. */
export interface PortGroup {
  readonly path: string;
  readonly ports: readonly RulePort[];
  readonly requests?: Requests;
  readonly learnsNames?: true;
}

const NOT_READ = ['serverNames', 'terminatingTLS', 'originatingTLS', 'listener'];

export function readGroup(reading: PolicyReading, value: unknown, path: string): PortGroup {
  const group = readObject(reading, value, path) ?? {};
  onlyFields(reading, group, path, FIELDS.group);
  for (const name of NOT_READ) {
    if (group[name] === undefined) continue;
    unmodelled(reading, `${path}/${name}`);
    return { path, ports: [] };
  }
  const ports = readList(reading, group.ports, `${path}/ports`);
  const read = ports.flatMap((port, place) => readPort(reading, port, `${path}/ports/${place}`));
  const all = (['TCP', 'UDP', 'SCTP'] as const).map((protocol): RulePort => ({ protocol, from: 1, to: 65535 }));
  const found = { path, ports: ports.length === 0 ? all : read };
  const rules = readObject(reading, group.rules, `${path}/rules`) ?? {};
  for (const kind of Object.keys(rules)) {
    if (kind === 'http' || kind === 'dns') continue;
    unmodelled(reading, `${path}/rules/${kind}`);
    return { path, ports: [] };
  }
  const requests = readRequests(reading, rules, `${path}/rules`);
  const learns = requests?.kind === 'dns' ? ({ learnsNames: true } as const) : {};
  return requests && !allowsAny(requests) ? { ...found, ...learns, requests } : { ...found, ...learns };
}

function readRequests(
  reading: PolicyReading,
  rules: Readonly<Record<string, unknown>>,
  path: string,
): Requests | undefined {
  if (Array.isArray(rules.dns) && rules.dns.length > 0)
    return { kind: 'dns', names: namePatterns(reading, rules.dns, `${path}/dns`) };
  if (!Array.isArray(rules.http) || rules.http.length === 0) return undefined;
  const matches = rules.http.map((value, index): HttpMatch => {
    const at = `${path}/http/${index}`;
    const http = readObject(reading, value, at) ?? {};
    onlyFields(reading, http, at, FIELDS.http);
    const text = (name: string): string | undefined => readString(reading, http[name], `${at}/${name}`) || undefined;
    const [method, wanted, host] = [text('method'), text('path'), text('host')];
    // "name" asks for the header, "name: value" or "name value" for its value.
    const plain = readList(reading, http.headers, `${at}/headers`).map(header => {
      const [, name = '', value] = /^([^:\s]+)(?::\s*|\s+)?(.+)?$/.exec(String(header)) ?? [];
      return { name: name.toLowerCase(), ...(value === undefined ? {} : { value }) };
    });
    const matched = readList(reading, http.headerMatches, `${at}/headerMatches`).flatMap((entry, place) => {
      const header = readObject(reading, entry, `${at}/headerMatches/${place}`) ?? {};
      onlyFields(reading, header, `${at}/headerMatches/${place}`, FIELDS.header);
      if (header.secret !== undefined || header.mismatch !== undefined)
        unmodelled(reading, `${at}/headerMatches/${place}`);
      const value = readString(reading, header.value, `${at}/headerMatches/${place}/value`);
      return [{ name: String(header.name ?? '').toLowerCase(), ...(value === undefined ? {} : { value }) }];
    });
    return {
      ...(method ? { method } : {}),
      ...(wanted ? { path: wanted } : {}),
      ...(host ? { host } : {}),
      headers: [...plain, ...matched],
    };
  });
  return { kind: 'http', matches };
}
