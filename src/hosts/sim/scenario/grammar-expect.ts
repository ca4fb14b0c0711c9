/** The words of `expect`: CEL over what is seen, cases of a Test document, objects. */
import { FaultError } from '../../../base/index.ts';
import { CASE_FIELDS, readCase } from '../../../explain/index.ts';
import type { Json, JsonObject, Path } from '../../../kernel/index.ts';
import { compileExpression, type ExpressionScope } from './expression.ts';
import type { Expectation, ExpectationTest } from './model.ts';
import { describeRef, objectRef } from './refs.ts';
import {
  anything,
  BAD,
  type Bad,
  into,
  isObject,
  list,
  mapOf,
  may,
  need,
  object,
  or,
  type Reader,
  type Shape,
  some,
  text,
  truth,
  wrong,
} from './shape.ts';
import { duration } from './values.ts';

const POINTER = /^\//;

/** A checked expression; its text. */
export function expression(what: ExpressionScope): Shape<string> {
  const says =
    what === 'run'
      ? { en: "a CEL expression such as 'pods.running == 50'", zh: 'CEL 表达式,如 pods.running == 50' }
      : what === 'review'
        ? {
            en: 'a CEL expression such as \'request.operation == "CREATE"\'',
            zh: 'CEL 表达式,如 request.operation == "CREATE"',
          }
        : {
            en: "a CEL expression such as 'object.status.readyReplicas == 3'",
            zh: 'CEL 表达式,如 object.status.readyReplicas == 3',
          };
  return into(text(says), (written, path, reader) => {
    const compiled = compileExpression(written, what, (line, column) => reader.within(path, line, column));
    if (!('faults' in compiled)) return written;
    for (const fault of compiled.faults) reader.fault(fault);
    return BAD;
  });
}

/** When it must hold, beside what must. */
export const WHEN = {
  name: may(text({ en: 'a name', zh: '名称' }), 'what reports call it'),
  within: may(duration, 'it must become true within this; at the end of the instant where absent'),
  for: may(duration, 'once true, it must stay so for this long'),
  always: may(truth, 'true: once true, it must stay so until the end of the run'),
} as const;
const WHEN_NAMES: readonly string[] = Object.keys(WHEN);

export interface When {
  readonly name?: string;
  readonly within?: number;
  readonly for?: number;
  readonly always?: boolean;
}

const values = mapOf(anything, {
  en: 'a map of pointers such as /spec/replicas to values',
  zh: '指针(如 /spec/replicas)到值的映射',
});
const objectTest = object('an expectation of an object', {
  object: need(objectRef, 'the object: deploy/shop/web'),
  exists: or(truth, true, 'false: there is no such object'),
  values: or(values, {}, 'values in it, by pointers such as /spec/replicas'),
  that: may(expression('object'), 'CEL over it as "object"'),
  ...WHEN,
});
const thatTest = object('an expectation', { that: may(expression('run'), 'CEL over what is seen'), ...WHEN });

type Told = { readonly test: ExpectationTest; readonly when: When; readonly called: string };

function readObject(value: Json, path: Path, reader: Reader): Told | Bad {
  const read = objectTest.read(value, path, reader);
  if (read === BAD) return BAD;
  const pointer = Object.keys(read.values).find(key => !POINTER.test(key));
  if (pointer !== undefined)
    return wrong(pointer, [...path, 'values', pointer], reader, {
      en: 'a pointer such as /spec/replicas',
      zh: '指针,如 /spec/replicas',
    });
  const test: ExpectationTest = {
    kind: 'object',
    object: read.object,
    exists: read.exists,
    values: read.values,
    ...(read.that === undefined ? {} : { expression: read.that }),
  };
  const said = read.that ?? (read.exists ? Object.keys(read.values).join(' ') : 'absent');
  return { test, when: read, called: `${describeRef(read.object)} ${said}`.trim() };
}

/** The forms of docs/tests.md, read by the reader of Test documents. */
function readTestCase(value: JsonObject, path: Path, reader: Reader): Told | Bad {
  const entries = Object.entries(value);
  const own = Object.fromEntries(entries.filter(([key]) => key === 'name' || !WHEN_NAMES.includes(key)));
  const when = thatTest.read(Object.fromEntries(entries.filter(([key]) => WHEN_NAMES.includes(key))), path, reader);
  if (when === BAD) return BAD;
  try {
    const test = readCase(own, reader.at(path));
    return { test: { kind: 'case', case: test }, when, called: test.name };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return reader.fault(error.fault.where === undefined ? { ...error.fault, where: reader.at(path) } : error.fault);
  }
}

const SAYS = {
  en: 'a CEL expression, a case as in docs/tests.md, or {object, values}',
  zh: 'CEL 表达式、docs/tests.md 中的用例,或 {object, values}',
};

const caseSchemas = Object.entries(CASE_FIELDS).map(([kind, fields]) => ({
  type: 'object',
  description: `a ${kind} case, as in docs/tests.md`,
  required: {
    flow: ['from', 'to', 'expect'],
    admission: ['admit', 'expect'],
    mutation: ['mutate', 'set'],
    route: ['route', 'expect'],
  }[kind],
  additionalProperties: false,
  properties: {
    ...(thatTest.schema.properties as JsonObject),
    that: false,
    ...Object.fromEntries(fields.map(field => [field, {}])),
  },
})) as unknown as Json[];

const item: Shape<Told> = {
  says: SAYS,
  takes: value => typeof value === 'string' || isObject(value),
  read(value, path, reader) {
    if (typeof value === 'string') {
      const read = expression('run').read(value, path, reader);
      return read === BAD ? BAD : { test: { kind: 'cel', expression: read }, when: {}, called: read };
    }
    if (!isObject(value)) return wrong(value, path, reader, SAYS);
    if (value.object !== undefined) return readObject(value, path, reader);
    if (value.that === undefined) return readTestCase(value, path, reader);
    const read = thatTest.read(value, path, reader);
    if (read === BAD) return BAD;
    return { test: { kind: 'cel', expression: read.that! }, when: read, called: read.that! };
  },
  schema: {
    anyOf: [
      { type: 'string', description: 'CEL over what is seen' },
      { ...thatTest.schema, required: ['that'] },
      objectTest.schema,
      ...caseSchemas,
    ],
  },
};

const located: Shape<Told & { readonly path: Path }> = into(item, (told, path) => ({ ...told, path }));
export const expectations = some(located, SAYS);
export type ToldExpectation = Told & { readonly path: Path };

/** What an expectation of a step is, with what the step says for all of its expectations. */
export function expectationOf({ test, when, called, path }: ToldExpectation, all: When, reader: Reader): Expectation {
  const lasting = when.always ?? (when.for === undefined ? all.always : undefined);
  return {
    name: when.name ?? all.name ?? called,
    test,
    within_ms: when.within ?? all.within ?? 0,
    for_ms: lasting ? Number.POSITIVE_INFINITY : (when.for ?? all.for ?? 0),
    where: reader.at(path),
  };
}

/** The cases of a `Test` document, for the schema. */
export const testCases = list(
  { ...item, schema: { anyOf: caseSchemas } },
  { en: 'a list of cases', zh: '用例列表' },
  10_000,
  1,
);
