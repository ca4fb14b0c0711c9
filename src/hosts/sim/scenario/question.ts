/** What an expectation asks, made ready once: asked at an instant it answers yes, or what is there instead. */
import { type ExplainPorts, prepare, runCases, type TestCase } from '../../../explain/index.ts';
import { equalJson, type Json, type JsonObject, type KubeObject } from '../../../kernel/index.ts';
import type { Observables } from './observables.ts';
import type { ExpectationTest, ObjectRef } from './model.ts';
import { compileExpression, type Expression, type ExpressionScope } from './expression.ts';
import { describeRef } from './refs.ts';

/** What questions are asked of. */
export interface Scene {
  /** Everything as it is now, made as far as it is read. */
  observe(): Observables;
  object(ref: ObjectRef): KubeObject | undefined;
  objects(): Iterable<KubeObject>;
  readonly ports: ExplainPorts;
}

/** What must have changed before the answer can be another. */
export type Concern = keyof Observables | 'objects';

export interface Question {
  readonly concerns: readonly Concern[];
  /** True: it holds. A text: what is there instead. */
  ask(scene: Scene): true | string;
}

const nowhere = (line: number, column: number) => ({ file: '', line, column });

/** An expression that was checked when the scenario was read. */
export function compiled(text: string, what: ExpressionScope = 'run'): Expression {
  const expression = compileExpression(text, what, nowhere);
  if ('faults' in expression) throw new Error(`expression that was checked does not compile: ${text}`);
  return expression;
}

function celQuestion(text: string): Question {
  const expression = compiled(text);
  return {
    concerns: expression.roots as readonly Concern[],
    ask(scene) {
      const values = scene.observe() as unknown as Readonly<Record<string, unknown>>;
      const verdict = expression.holds(values);
      if (verdict === true) return true;
      const told = expression.told(values);
      return verdict === false ? told || 'false' : [verdict.error, told].filter(Boolean).join('; ');
    },
  };
}

/** What an RFC 6901 pointer names; undefined where it leads nowhere. */
export function valueAt(value: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce<unknown>((at, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key)
      ? (at as Record<string, unknown>)[key]
      : undefined;
  }, value);
}

function objectQuestion(test: Extract<ExpectationTest, { kind: 'object' }>): Question {
  const { object: ref, exists, values } = test;
  const expression = test.expression === undefined ? undefined : compiled(test.expression, 'object');
  return {
    concerns: ['objects'],
    ask(scene) {
      const object = scene.object(ref);
      if (!object) return exists ? `${describeRef(ref)} is absent` : true;
      if (!exists) return `${describeRef(ref)} is there`;
      for (const [pointer, wanted] of Object.entries(values)) {
        const got = valueAt(object, pointer);
        if (!equalJson((got ?? null) as Json, wanted)) return `${pointer} is ${JSON.stringify(got ?? null)}`;
      }
      const verdict = expression?.holds({ object }) ?? true;
      if (verdict === true) return true;
      const told = expression!.told({ object });
      return verdict === false ? told || 'false' : [verdict.error, told].filter(Boolean).join('; ');
    },
  };
}

/** What answers of explain hang on: everything but what only a status tells, of pods their address and node. */
function shapeOf(object: KubeObject): string {
  const { uid, generation = 0, labels, annotations } = object.metadata;
  const { status, spec } = object as { status?: JsonObject; spec?: JsonObject };
  const extra = object.kind === 'Pod' ? [status?.podIP, spec?.nodeName, status?.phase] : [];
  const plain = object.metadata.generation === undefined ? object.metadata.resourceVersion : '';
  return JSON.stringify([uid, generation, labels, annotations, extra, object.kind === 'Pod' ? '' : plain]);
}

/** The objects as explain was asked of them last: asked anew only where something that matters has changed. */
class Rehearsed {
  #key = '';
  #prepared: ReturnType<typeof prepare> | undefined;

  of(scene: Scene): ReturnType<typeof prepare> {
    const objects = [...scene.objects()].filter(({ kind }) => kind !== 'EndpointSlice' && kind !== 'Endpoints');
    const key = objects.map(shapeOf).join('\n');
    if (!this.#prepared || key !== this.#key) {
      this.#key = key;
      this.#prepared = prepare({ objects, originOf: () => undefined, live: true }, scene.ports);
    }
    return this.#prepared;
  }
}

function caseQuestion(test: TestCase, rehearsed: Rehearsed): Question {
  return {
    concerns: ['objects'],
    ask(scene) {
      const said: string[] = [];
      const [result] = runCases(rehearsed.of(scene), [test], ({ code, params }) =>
        said.push(`${code} ${Object.values(params).join(' ')}`),
      );
      return result!.passed ? true : [result!.got, ...said].join('; ');
    },
  };
}

/** Makes questions; cases of one maker share what explain prepared. */
export function questionMaker(): (test: ExpectationTest) => Question {
  const rehearsed = new Rehearsed();
  return test => {
    switch (test.kind) {
      case 'cel':
        return celQuestion(test.expression);
      case 'object':
        return objectQuestion(test);
      case 'case':
        return caseQuestion(test.case, rehearsed);
    }
  };
}
