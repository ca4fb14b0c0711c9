/** The expectations of a scenario as a run has them. */
import { formatSpan } from '../../../base/index.ts';
import type { ExplainPorts } from '../../../explain/index.ts';
import { builtinCatalog, kindOf, type KubeObject } from '../../../kernel/index.ts';
import { kyvernoDialect, kyvernoPorts } from '../../../policy/index.ts';
import type { RunContext, RunExpectations } from '../run.ts';
import { Expectations, type Outcome } from './expectations.ts';
import type { Expectation, ObjectRef, Scenario } from './model.ts';

/** Opens the expectations of a run. `ledger` are the fidelity ledgers that answers about objects may need. */
export function openExpectations(
  { scenario, simulation, observed }: RunContext,
  ledger?: NonNullable<ExplainPorts['ledger']>,
): RunExpectations {
  const catalog = () => simulation.platform.api.catalog ?? builtinCatalog();
  const object = (ref: ObjectRef): KubeObject | undefined => {
    const definition = catalog().kind(kindOf(ref));
    if (!definition) return undefined;
    const { group, resource, namespaced } = definition;
    const path = namespaced ? `${ref.namespace ?? 'default'}/${ref.name}` : ref.name;
    return observed.object(group === '' ? resource : `${group}/${resource}`, path);
  };
  const ports: ExplainPorts = {
    ...(ledger ? { ledger } : {}),
    dialects: () => {
      const policies = kyvernoPorts(simulation.clock, simulation.random('expectations'));
      return [kyvernoDialect({ ...policies, resourceOf: kind => catalog().kind(kind) })];
    },
  };
  const expectations = new Expectations({
    t: () => simulation.t,
    wake: t_ms => simulation.at(t_ms, () => undefined),
    versions: observed.versions,
    scene: { observe: () => observed.now(simulation.t), object, objects: () => observed.objects(), ports },
    decided: ({ expectation, outcome, message }) =>
      simulation.log.write('expectation', outcome, expectation.name, message),
  });
  const begun = new Set<Expectation>();
  return {
    begin: expectation => {
      begun.add(expectation);
      expectations.begin(expectation);
    },
    once: (expression, then) => expectations.once(expression, then),
    instant: t => expectations.instant(t),
    end: t => {
      const outcomes = [...expectations.end(t), ...notReached(scenario, begun, t)];
      return outcomes.map(({ expectation, outcome, t: decided, message }) => ({
        name: expectation.name,
        where: formatSpan(expectation.where),
        outcome,
        t: decided,
        ...(message === undefined ? {} : { message }),
      }));
    },
  };
}

/** What a scenario expects and nobody came to: the run ended first, or what it waits for never held. */
function notReached({ steps }: Scenario, begun: ReadonlySet<Expectation>, t: number): Outcome[] {
  return steps.flatMap(step => {
    if (step.do !== 'expect' || begun.has(step.expectation)) return [];
    const message = step.at_ms <= t && step.when !== undefined ? `never came about: ${step.when}` : 'not reached';
    return [{ expectation: step.expectation, outcome: 'open' as const, t, message }];
  });
}
