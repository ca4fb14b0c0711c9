import type { Span } from '../../base/index.ts';
import type { Decoded, Json, JsonObject, KubeObject } from '../../kernel/index.ts';
import { explainFaults } from '../faults.ts';
import type { FlowQuestion, HttpQuestion, Place } from '../model.ts';
import { parseTarget } from './place.ts';

interface Told {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** What must come out, in the words results are told in. */
  readonly expect: string;
}

/** Who is let in: a workload of the documents, or an object of the test. */
export type Subject = { readonly place: Place } | { readonly object: KubeObject };

/** One assertion of a `tenon.dev/v1 Test` (docs/tests.md). */
export type TestCase = Told &
  (
    | { readonly kind: 'flow'; readonly question: FlowQuestion }
    | { readonly kind: 'admission'; readonly subject: Subject; readonly message?: string }
    | { readonly kind: 'mutation'; readonly subject: Subject; readonly set: Readonly<Record<string, Json>> }
    | { readonly kind: 'route'; readonly host: string; readonly question: FlowQuestion }
  );

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const VERDICTS = ['allow', 'deny', 'unknown'];
/** The fields of each form of a case. */
export const CASE_FIELDS: Readonly<Record<TestCase['kind'], readonly string[]>> = {
  flow: ['name', 'from', 'to', 'protocol', 'expect', 'asCni', 'method', 'headers'],
  admission: ['name', 'admit', 'expect', 'message'],
  mutation: ['name', 'mutate', 'set'],
  route: ['name', 'route', 'method', 'headers', 'expect'],
};

type Bad = (reason: string) => never;

function kindOf(item: JsonObject, bad: Bad): TestCase['kind'] {
  if (item.admit !== undefined) return 'admission';
  if (item.mutate !== undefined) return 'mutation';
  if (item.route !== undefined) return 'route';
  return item.from === undefined || item.to === undefined
    ? bad('a case needs from and to, admit, mutate or route')
    : 'flow';
}

function verdictOf({ expect }: JsonObject, bad: Bad): string {
  return typeof expect === 'string' && VERDICTS.includes(expect) ? expect : bad('expect is allow, deny or unknown');
}

function httpOf({ method, headers }: JsonObject, bad: Bad): { http?: HttpQuestion } {
  if (method !== undefined && typeof method !== 'string') return bad('method is a text');
  if (headers !== undefined && !isObject(headers)) return bad('headers is a map');
  if (method === undefined && headers === undefined) return {};
  const lower = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  return { http: { ...(method ? { method: method.toUpperCase() } : {}), headers: Object.fromEntries(lower) } };
}

function flowOf(item: JsonObject, bad: Bad): FlowQuestion {
  const { from, to, protocol = 'TCP', asCni } = item;
  if (typeof from !== 'string' || typeof to !== 'string') return bad('from and to are texts');
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') return bad('protocol is TCP, UDP or SCTP');
  const { place, port, path } = parseTarget(to);
  return {
    source: parseTarget(from).place,
    destination: place,
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path }),
    ...(typeof asCni === 'string' ? { profile: asCni } : {}),
    ...httpOf(item, bad),
  };
}

function subjectOf(value: Json | undefined, bad: Bad): Subject {
  if (typeof value === 'string') return { place: parseTarget(value).place };
  if (
    isObject(value) &&
    typeof value.apiVersion === 'string' &&
    typeof value.kind === 'string' &&
    isObject(value.metadata)
  )
    return { object: value as unknown as KubeObject };
  return bad('admit and mutate name a workload (deploy/shop/web) or hold an object');
}

/** One case, written at `span`. Fault: a field is of the wrong form. */
export function readCase(item: Json, span: Span): TestCase {
  const bad = (reason: string): never => {
    throw explainFaults.error('test-invalid', { reason }, span);
  };
  if (!isObject(item)) return bad('a case is an object');
  const kind = kindOf(item, bad);
  const unknown = Object.keys(item).find(key => !CASE_FIELDS[kind].includes(key));
  if (unknown !== undefined) return bad(`unknown field "${unknown}"`);
  const told = (name: string, expect: string): Told => ({
    name: typeof item.name === 'string' ? item.name : name,
    file: span.file,
    line: span.line,
    expect,
  });
  if (kind === 'flow') {
    const question = flowOf(item, bad);
    return { kind, question, ...told(`${String(item.from)} to ${String(item.to)}`, verdictOf(item, bad)) };
  }
  if (kind === 'route') {
    if (typeof item.route !== 'string') return bad('route is a host and path');
    if (typeof item.expect !== 'string') return bad('expect is namespace/service:port, notFound, redirect or unknown');
    const { place, port, path } = parseTarget(item.route);
    if (place.kind !== 'dns') return bad('route begins with a host name');
    const source: Place = { kind: 'address', address: '203.0.113.1' };
    const base = { source, destination: place, protocol: 'TCP' as const, ...httpOf(item, bad) };
    const question = { ...base, ...(port === undefined ? {} : { port }), ...(path === undefined ? {} : { path }) };
    return { kind, host: place.host, question, ...told(item.route, item.expect) };
  }
  const subject = subjectOf(item.admit ?? item.mutate, bad);
  if (kind === 'mutation') {
    if (!isObject(item.set) || Object.keys(item.set).length === 0) return bad('set is a map of pointers to values');
    return { kind, subject, set: item.set, ...told('mutation', JSON.stringify(item.set)) };
  }
  const { message } = item;
  if (message !== undefined && typeof message !== 'string') return bad('message is a text');
  return { kind, subject, ...(message ? { message } : {}), ...told('admission', verdictOf(item, bad)) };
}

/** The cases of a test document; undefined when the document is none. Fault: a field is of the wrong form. */
export function readCases(document: Decoded): TestCase[] | undefined {
  const { value } = document;
  if (!isObject(value) || value.apiVersion !== 'tenon.dev/v1' || value.kind !== 'Test') return undefined;
  const spec = isObject(value.spec) ? value.spec : {};
  if (!Array.isArray(spec.cases) || spec.cases.length === 0)
    throw explainFaults.error('test-invalid', { reason: 'spec.cases is empty' }, document.spanOf('spec'));
  return spec.cases.map((item, index) => readCase(item, document.spanOf(['spec', 'cases', index])));
}
