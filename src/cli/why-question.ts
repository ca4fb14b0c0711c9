import {
  explainFaults,
  type FlowQuestion,
  type HttpQuestion,
  parseTarget,
  type Place,
  type Symptom,
  symptomOf,
} from '../explain/index.ts';
import { type Invocation, listOption, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

/** What `tenon why` can be asked. */
export type Question =
  | { readonly kind: 'flow'; readonly flow: FlowQuestion }
  | { readonly kind: 'pod'; readonly place: Place; readonly symptom: Symptom }
  | { readonly kind: 'replicas'; readonly place: Place; readonly replicas: number }
  | { readonly kind: 'sync'; readonly name: string };

const SCALED = new Map([
  ['deploy', 'deploy'],
  ['deployment', 'deploy'],
  ['sts', 'sts'],
  ['statefulset', 'sts'],
  ['rs', 'rs'],
  ['replicaset', 'rs'],
]);

const badOption = (reason: string): Error => cliFaults.error('bad-option', { command: 'why', reason });

function protocolOf({ options }: Invocation): FlowQuestion['protocol'] {
  const protocol = (stringOption(options, 'protocol') ?? 'tcp').toUpperCase();
  if (protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP') return protocol;
  throw badOption(`--protocol takes tcp, udp or sctp, not "${protocol}"`);
}

/** Claims of a token as they are written; nobody checks its signature here, the question is "if it were good". */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const part = token.trim().startsWith('{') ? token : Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    const claims: unknown = JSON.parse(part);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims))
      return claims as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw badOption('--jwt takes a token of three parts, or its claims as JSON');
}

/** A token as requests carry it (RFC 6750 section 2.1); of bare claims one without a signature (RFC 7519 section 6). */
function bearerOf(token: string): string {
  if (!token.trim().startsWith('{')) return `Bearer ${token.trim()}`;
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `Bearer ${part({ alg: 'none' })}.${part(claimsOf(token))}.`;
}

function httpOf({ options }: Invocation): HttpQuestion | undefined {
  const method = stringOption(options, 'method');
  const token = stringOption(options, 'jwt');
  const headers = listOption(options, 'header').map(line => {
    const at = line.indexOf(':');
    if (at <= 0) throw badOption(`--header takes "Name: value", not "${line}"`);
    return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as const;
  });
  if (method === undefined && token === undefined && headers.length === 0) return undefined;
  const carried: Readonly<Record<string, string>> = token === undefined ? {} : { authorization: bearerOf(token) };
  const all = { ...carried, ...Object.fromEntries(headers) };
  return {
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(Object.keys(all).length === 0 ? {} : { headers: all }),
    ...(token === undefined ? {} : { claims: claimsOf(token) }),
  };
}

function flowOf(invocation: Invocation): FlowQuestion {
  const { positionals, options } = invocation;
  const [from = '', , to = ''] = positionals;
  const source = parseTarget(from);
  const { place, port, path } = parseTarget(to);
  const profile = stringOption(options, 'as-cni');
  const http = httpOf(invocation);
  return {
    source: source.place,
    destination: place,
    protocol: protocolOf(invocation),
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path }),
    ...(profile === undefined ? {} : { profile }),
    ...(http === undefined ? {} : { http }),
  };
}

/** `NAME` is in the namespace `default`, as kubectl has it. */
const named = (kind: string, name: string): Place =>
  parseTarget(`${kind}/${name.includes('/') ? name : `default/${name}`}`).place;

/** Reads the words of the command line. Fault: they are no question. */
export function questionOf(invocation: Invocation): Question {
  const { positionals } = invocation;
  if (positionals.length === 3 && positionals[1] === 'to') return { kind: 'flow', flow: flowOf(invocation) };
  const bad = (): Error => explainFaults.error('bad-question', { text: positionals.join(' ') });
  if (positionals.length !== 3) throw bad();
  const [kind, name, what] = positionals as [string, string, string];
  if (kind === 'pod' || kind === 'pods' || kind === 'po') {
    const place = parseTarget(name.includes('/') ? name : `default/${name}`).place;
    return { kind: 'pod', place, symptom: symptomOf(what) };
  }
  const replicas = /^replicas=(\d{1,6})$/.exec(what)?.[1];
  const scaled = SCALED.get(kind);
  if (scaled !== undefined && replicas !== undefined)
    return { kind: 'replicas', place: named(scaled, name), replicas: Number(replicas) };
  if ((kind === 'app' || kind === 'application') && what === 'out-of-sync') return { kind: 'sync', name };
  throw bad();
}
