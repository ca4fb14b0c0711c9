import { contains, parseAddress, parseCidr } from '../../engine/addresses.ts';
import type { ObservedEnd, ObservedFlow } from '../../flows.ts';
import { DIRECTION, eventOf, flowMessage, VERDICT } from './flow.ts';
import type { Message } from './messages.ts';

const texts = (filter: Message, name: string): readonly string[] => (filter[name] as string[] | undefined) ?? [];
const numbers = (filter: Message, name: string): readonly number[] => (filter[name] as number[] | undefined) ?? [];
const messages = (filter: Message, name: string): readonly Message[] => (filter[name] as Message[] | undefined) ?? [];

function matchesAddress(asked: string, address: string): boolean {
  const parsed = parseAddress(address);
  const range = parseCidr(asked.includes('/') ? asked : `${asked}/${asked.includes(':') ? 128 : 32}`);
  if (!parsed || !range) return false;
  return contains(range, { family: parsed.family, first: parsed.value, last: parsed.value });
}

/** `prefix`, `namespace/prefix` or `namespace/`; without a namespace that of `default` (flow.proto, FlowFilter). */
function matchesPod(asked: string, end: ObservedEnd): boolean {
  const [first = '', second] = asked.split('/') as [string, string | undefined];
  const [namespace, prefix] = second === undefined ? ['default', first] : [first, second];
  return end.namespace === namespace && (prefix === '' || (end.pod ?? '').startsWith(prefix));
}

/** A host name with `*` for any characters. */
function matchesName(asked: string, names: readonly string[]): boolean {
  const parts = asked.toLowerCase().replace(/\.$/, '').split('*');
  return names.some(name => {
    const text = name.toLowerCase().replace(/\.$/, '');
    if (parts.length === 1) return text === parts[0];
    if (!text.startsWith(parts[0]!) || !text.endsWith(parts.at(-1)!)) return false;
    let at = parts[0]!.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - parts.at(-1)!.length;
  });
}

/** The requirements of a selector: `a=b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, joined by commas. */
function matchesLabels(asked: string, labels: ReadonlyMap<string, string>): boolean {
  return asked.split(/,(?![^(]*\))/).every(raw => {
    const text = raw.trim();
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text);
    if (set) {
      const value = labels.get(bare(set[1]!));
      const isIn = value !== undefined && set[3]!.split(',').some(each => each.trim() === value);
      return set[2] === 'in' ? isIn : !isIn;
    }
    const [, key = '', operator = '', value = ''] = /^([^=!]*)(!=|==?)(.*)$/.exec(text) ?? [];
    if (operator) return (labels.get(bare(key.trim())) === value.trim()) === (operator !== '!=');
    return text.startsWith('!') ? !labels.has(bare(text.slice(1))) : labels.has(bare(text));
  });
}

const bare = (key: string): string => key.replace(/^(k8s|any):/, '');

function labelsOf(end: Message): Map<string, string> {
  return new Map(
    (end.labels as string[]).map(label => {
      const [key = '', ...rest] = label.replace(/^k8s:/, '').split('=');
      return [key, rest.join('=')];
    }),
  );
}

const protocolsOf = (flow: ObservedFlow): string[] => [
  String(flow.protocol).toLowerCase(),
  ...(flow.protocol === 'ICMP' ? ['icmpv4'] : flow.protocol === 'ICMPv6' ? ['icmp'] : []),
  ...(flow.http ? ['http'] : []),
  ...(flow.dns ? ['dns'] : []),
];

type Check = (filter: Message, flow: ObservedFlow, message: Message) => boolean;

/** Every condition of one kind is a list of which one must hold; an empty list asks nothing. */
const anyOf = <T>(asked: readonly T[], holds: (each: T) => boolean): boolean => asked.length === 0 || asked.some(holds);

function endChecks(side: 'source' | 'destination'): Check[] {
  return [
    (filter, flow) => anyOf(texts(filter, `${side}_ip`), asked => matchesAddress(asked, flow[side].address)),
    (filter, flow) => anyOf(texts(filter, `${side}_pod`), asked => matchesPod(asked, flow[side])),
    (filter, flow) => anyOf(texts(filter, `${side}_fqdn`), asked => matchesName(asked, flow[side].names ?? [])),
    (filter, _, message) =>
      anyOf(texts(filter, `${side}_label`), asked => matchesLabels(asked, labelsOf(message[side] as Message))),
    (filter, flow) => anyOf(texts(filter, `${side}_port`), asked => Number(asked) === flow[side].port),
    (filter, flow) =>
      anyOf(texts(filter, `${side}_service`), asked => {
        const [first = '', second] = asked.split('/') as [string, string | undefined];
        const [namespace, prefix] = second === undefined ? ['default', first] : [first, second];
        const { service } = flow[side];
        return service !== undefined && service.namespace === namespace && service.name.startsWith(prefix);
      }),
    (filter, _, message) =>
      anyOf(numbers(filter, `${side}_identity`), asked => (message[side] as Message).identity === asked),
    (filter, flow) =>
      anyOf(messages(filter, `${side}_workload`), ({ name, kind }) => {
        const own = flow[side].workload;
        return own !== undefined && (!name || own.name === name) && (!kind || own.kind === kind);
      }),
  ];
}

const CHECKS: readonly Check[] = [
  ...endChecks('source'),
  ...endChecks('destination'),
  (filter, flow) => anyOf(numbers(filter, 'verdict'), asked => asked === VERDICT[flow.verdict]),
  (filter, flow) => anyOf(numbers(filter, 'traffic_direction'), asked => asked === DIRECTION[flow.direction]),
  (filter, flow) => anyOf(texts(filter, 'protocol'), asked => protocolsOf(flow).includes(asked.toLowerCase())),
  (filter, flow) =>
    anyOf(numbers(filter, 'ip_version'), asked => asked === (flow.source.address.includes(':') ? 2 : 1)),
  (filter, flow) => anyOf(texts(filter, 'uuid'), asked => asked === flow.uuid),
  (filter, _, message) => anyOf(texts(filter, 'node_name'), asked => matchesName(asked, [String(message.node_name)])),
  // Answers are not told, so a filter for them alone finds nothing.
  filter => anyOf((filter.reply as boolean[] | undefined) ?? [], asked => !asked),
  (filter, flow) =>
    anyOf(messages(filter, 'event_type'), asked => {
      const event = eventOf(flow);
      return (asked.type ?? 0) === event.type && (!asked.match_sub_type || (asked.sub_type ?? 0) === event.sub_type);
    }),
  (filter, flow) => anyOf(texts(filter, 'http_method'), asked => asked.toUpperCase() === flow.http?.method),
  (filter, flow) =>
    anyOf(texts(filter, 'http_status_code'), asked => {
      const status = String(flow.http?.status ?? '');
      return status !== '' && (asked.endsWith('+') ? status.startsWith(asked.slice(0, -1)) : status === asked);
    }),
];

/** Conditions written as regular expressions, which the caller compiles (they come from anyone). */
export type Expression = (text: string, pattern: string) => boolean;

/** True when a flow satisfies every condition of a filter. */
export function matchesFilter(filter: Message, flow: ObservedFlow, message: Message, expression: Expression): boolean {
  if (!CHECKS.every(check => check(filter, flow, message))) return false;
  const paths = anyOf(texts(filter, 'http_path'), asked => flow.http !== undefined && expression(flow.http.url, asked));
  return (
    paths && anyOf(texts(filter, 'dns_query'), asked => flow.dns !== undefined && expression(flow.dns.name, asked))
  );
}

/** The message of a flow that some filter lets in and none keeps out; undefined otherwise. */
export function chosen(
  flow: ObservedFlow,
  nodeName: string,
  request: Message,
  expression: Expression,
): Message | undefined {
  const message = flowMessage(flow, nodeName);
  const matches = (filter: Message): boolean => matchesFilter(filter, flow, message, expression);
  const wanted = anyOf(messages(request, 'whitelist'), matches);
  return wanted && !messages(request, 'blacklist').some(matches) ? message : undefined;
}
