import type { Fault } from '../../base/index.ts';
import { equalJson, type Json } from '../../kernel/index.ts';
import type { Admitted } from './admission.ts';
import type { Subject, TestCase } from './cases-read.ts';
import { routeOf } from './gateway.ts';
import { findBackend, nobody } from './parties.ts';
import type { Prepared } from './prepared.ts';
import { unseenFaults } from './unread.ts';
import { decideFlow } from './why.ts';

export interface TestResult {
  readonly test: TestCase;
  readonly got: string;
  readonly passed: boolean;
}

function admitted(prepared: Prepared, subject: Subject): Admitted {
  if ('object' in subject) return prepared.rehearsal.admitWorkload(subject.object);
  const object = findBackend(prepared, subject.place)?.object;
  return object ? prepared.rehearsal.admitWorkload(object) : nobody(prepared, subject.place);
}

/** Some document could not be read: it may be a policy, a quota or a route. */
const isUnseen = ({ documents }: Prepared): boolean => unseenFaults(documents).length > 0;

/** What a pointer names; undefined where it leads nowhere. */
export function valueAt(value: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce<unknown>((at, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key)
      ? (at as Record<string, unknown>)[key]
      : undefined;
  }, value);
}

function routed(prepared: Prepared, test: Extract<TestCase, { kind: 'route' }>): string {
  if (isUnseen(prepared)) return 'unknown';
  const route = routeOf(prepared, test.host, test.question);
  if (!route) return 'notFound';
  if (route.outcome === 'deny') return 'notFound';
  if (route.outcome === 'unknown') return 'redirect';
  const names = (route.value ?? []).map(({ backend }) =>
    backend ? `${backend.namespace}/${backend.name}:${backend.port}` : 'broken',
  );
  return names.join(',');
}

function runCase(prepared: Prepared, test: TestCase): Omit<TestResult, 'test'> {
  switch (test.kind) {
    case 'flow': {
      const got = decideFlow(prepared, test.question);
      return { got, passed: got === test.expect };
    }
    case 'route': {
      const got = routed(prepared, test);
      return { got, passed: got === test.expect };
    }
    case 'admission': {
      if (isUnseen(prepared)) return { got: 'unknown', passed: test.expect === 'unknown' };
      const { answer } = admitted(prepared, test.subject);
      const told = answer.because.map(({ en }) => en).join('; ');
      const said = test.message === undefined || told.includes(test.message);
      return {
        got: said ? answer.outcome : `${answer.outcome}: ${told}`,
        passed: said && answer.outcome === test.expect,
      };
    }
    case 'mutation': {
      if (isUnseen(prepared)) return { got: 'unknown', passed: false };
      const { object, answer } = admitted(prepared, test.subject);
      const got = Object.fromEntries(Object.keys(test.set).map(pointer => [pointer, valueAt(object, pointer) ?? null]));
      const same = Object.entries(test.set).every(([pointer, value]) => equalJson(got[pointer] as Json, value));
      return {
        got: answer.outcome === 'deny' ? 'deny' : JSON.stringify(got),
        passed: same && answer.outcome !== 'deny',
      };
    }
  }
}

/** Asks every case. A question nobody can be found for fails the case: its Fault is told beside. */
export function runCases(
  prepared: Prepared,
  cases: readonly TestCase[],
  tell: (fault: Fault) => void = () => undefined,
): TestResult[] {
  return cases.map(test => {
    try {
      return { test, ...runCase(prepared, test) };
    } catch (error) {
      const fault = (error as { fault?: Fault }).fault;
      if (!fault) throw error;
      tell(fault);
      return { test, got: 'unknown', passed: false };
    }
  });
}
