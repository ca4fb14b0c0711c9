import type { Fault, Outcome } from '../../base/index.ts';
import type { Decoded, Json, JsonObject } from '../../kernel/index.ts';
import { applyEdit } from '../../network/index.ts';
import { explainFaults } from '../faults.ts';
import type { Documents, FlowQuestion } from '../model.ts';
import { parseTarget } from './place.ts';
import { prepare, type Prepared } from './prepared.ts';
import { decideFlow } from './why.ts';

/** One assertion of a `tenon.dev/v1 Test` (docs/tests.md). */
export interface TestCase {
  readonly name: string;
  readonly question: FlowQuestion;
  readonly expect: 'allow' | 'deny' | 'unknown';
  readonly file: string;
  readonly line: number;
}

export interface TestResult {
  readonly test: TestCase;
  readonly got: Outcome;
  readonly passed: boolean;
}

/** A rule that some test would miss when it went away, or that none would. */
export interface Mutation {
  readonly policy: string;
  readonly rule: string;
  readonly caughtBy: readonly string[];
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const FIELDS = new Set(['name', 'from', 'to', 'protocol', 'expect', 'asCni']);

function readCase(item: Json, document: Decoded, index: number): TestCase {
  const span = document.spanOf(['spec', 'cases', index]);
  const bad = (reason: string): never => {
    throw explainFaults.error('test-invalid', { reason }, span);
  };
  if (!isObject(item)) return bad('a case is an object');
  const unknown = Object.keys(item).find(key => !FIELDS.has(key));
  if (unknown !== undefined) return bad(`unknown field "${unknown}"`);
  const { from, to, expect, protocol = 'TCP', asCni } = item;
  if (typeof from !== 'string' || typeof to !== 'string') return bad('a case needs from and to');
  if (expect !== 'allow' && expect !== 'deny' && expect !== 'unknown') return bad('expect is allow, deny or unknown');
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') return bad('protocol is TCP, UDP or SCTP');
  const { place, port, path } = parseTarget(to);
  return {
    name: typeof item.name === 'string' ? item.name : `${from} to ${to}`,
    question: {
      source: parseTarget(from).place,
      destination: place,
      protocol,
      ...(port === undefined ? {} : { port }),
      ...(path === undefined ? {} : { path }),
      ...(typeof asCni === 'string' ? { profile: asCni } : {}),
    },
    expect,
    file: span.file,
    line: span.line,
  };
}

/** The cases of a test document; undefined when the document is none. Fault: a field is of the wrong form. */
export function readCases(document: Decoded): TestCase[] | undefined {
  const { value } = document;
  if (!isObject(value) || value.apiVersion !== 'tenon.dev/v1' || value.kind !== 'Test') return undefined;
  const spec = isObject(value.spec) ? value.spec : {};
  if (!Array.isArray(spec.cases) || spec.cases.length === 0)
    throw explainFaults.error('test-invalid', { reason: 'spec.cases is empty' }, document.spanOf('spec'));
  return spec.cases.map((item, index) => readCase(item, document, index));
}

/** Asks every case. A question nobody can be found for fails the case: its Fault is told beside. */
export function runCases(
  prepared: Prepared,
  cases: readonly TestCase[],
  tell: (fault: Fault) => void = () => undefined,
): TestResult[] {
  return cases.map(test => {
    try {
      const got = decideFlow(prepared, test.question);
      return { test, got, passed: got === test.expect };
    } catch (error) {
      const fault = (error as { fault?: Fault }).fault;
      if (!fault) throw error;
      tell(fault);
      return { test, got: 'unknown', passed: false };
    }
  });
}

/** Takes away one rule of a policy at a time: a rule whose loss no case notices is not pinned by any test. */
export function mutate(documents: Documents, cases: readonly TestCase[]): Mutation[] {
  const prepared = prepare(documents);
  const before = new Map(runCases(prepared, cases).map(({ test, got }) => [test, got]));
  return prepared.snapshot.policies.flatMap(policy => {
    const source = prepared.snapshot.sources.get(policy);
    if (!source) return [];
    const name = `${policy.kind} ${policy.namespace ? `${policy.namespace}/` : ''}${policy.name}`;
    const variants = policy.rules.map(rule => ({
      rule: rule.name,
      object: applyEdit(source, { path: rule.path, action: 'remove' }),
    }));
    if (policy.rules.length === 0) variants.push({ rule: 'isolation', object: undefined });
    return variants.map(({ rule, object }) => {
      const objects = documents.objects.flatMap(item => (item === source ? (object ? [object] : []) : [item]));
      const results = runCases(prepare({ ...documents, objects }), cases);
      return {
        policy: name,
        rule,
        caughtBy: results.filter(({ test, got }) => got !== before.get(test)).map(({ test }) => test.name),
      };
    });
  });
}
