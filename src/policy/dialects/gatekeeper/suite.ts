import type { Json, KubeObject } from '../../../kernel/index.ts';
import { auditObject } from './audit.ts';
import { ConstraintSet } from './constraints.ts';
import { DocumentError } from './faults.ts';
import { ExpansionSet, isExpansion } from './expansion.ts';
import { compilePattern } from '../../engine/cel/runtime/regex.ts';
import { fields, list, text } from './read.ts';
import { isAdmissionReview, reviewOfAdmission } from './review.ts';
import { compileTemplate, isConstraint, isTemplate, type Template, type TemplateOptions } from './template.ts';

const SUITE = 'test.gatekeeper.sh/v1alpha1';

export const isSuite = (object: KubeObject): boolean => object.apiVersion === SUITE && object.kind === 'Suite';

/** What a suite may do: read the documents of a file by its path as the suite writes it, and tell the time. */
export interface SuitePorts {
  /** Every document of a file; throws an Error that tells why it cannot be read. */
  documents(path: string): readonly KubeObject[];
  /** The path as messages show it. */
  shown(path: string): string;
  /** Milliseconds that never go back. */
  now(): number;
}

export interface SuiteFilter {
  test(name: string): boolean;
  case(test: string, name: string): boolean;
}

/** The outcome of one case or one test; an error makes it a failure. */
export interface SuiteOutcome {
  readonly name: string;
  readonly skipped: boolean;
  readonly error: string | undefined;
  readonly time_ms: number;
}

export interface TestOutcome extends SuiteOutcome {
  readonly cases: readonly SuiteOutcome[];
}

export interface SuiteResult {
  readonly tests: readonly TestOutcome[];
  readonly skipped: boolean;
  readonly failed: boolean;
  readonly time_ms: number;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Which tests and cases run: `name`, `test//case`, each a regular expression (RE2's common part). */
export function suiteFilter(run: string, compile: (pattern: string) => (value: string) => boolean): SuiteFilter {
  if (run === '') return { test: () => true, case: () => true };
  const parts = run.split('//');
  if (parts.length > 2) throw new Error(`a test filter has one "//" at most, got "${run}"`);
  if (parts.length === 1) {
    const either = compile(run);
    return { test: () => true, case: (test, name) => either(test) || either(name) };
  }
  const [test, one] = parts.map(compile) as [(value: string) => boolean, (value: string) => boolean];
  return { test, case: (_, name) => one(name) };
}

/** Runs suites; a template that several tests use is compiled once. */
export class SuiteRun {
  readonly #ports: SuitePorts;
  readonly #options: TemplateOptions;
  readonly #templates = new Map<string, Template>();

  constructor(ports: SuitePorts, options: TemplateOptions = {}) {
    this.#ports = ports;
    this.#options = options;
  }

  run(suite: KubeObject, filter: SuiteFilter): SuiteResult {
    const start = this.#ports.now();
    if (suite.skip === true) return { tests: [], skipped: true, failed: false, time_ms: 0 };
    const tests = list(suite.tests).flatMap(each => {
      const test = fields(each);
      const name = text(test.name);
      if (!filter.test(name)) return [];
      const cases = list(test.cases).filter(one => filter.case(name, text(fields(one).name)));
      // A filter that names no case of a test and not the test itself leaves the test out.
      if (cases.length === 0 && list(test.cases).length > 0) return [];
      return [this.#test(test, cases, this.#ports.now())];
    });
    const failed = tests.some(test => test.error !== undefined || test.cases.some(one => one.error !== undefined));
    return { tests, skipped: false, failed, time_ms: this.#ports.now() - start };
  }

  #test(test: Readonly<Record<string, Json>>, cases: readonly unknown[], start: number): TestOutcome {
    const name = text(test.name);
    const end = (outcomes: readonly SuiteOutcome[], error?: string): TestOutcome => ({
      name,
      skipped: false,
      error,
      cases: outcomes,
      time_ms: this.#ports.now() - start,
    });
    if (test.skip === true) return { name, skipped: true, error: undefined, cases: [], time_ms: 0 };
    try {
      const open = this.#open(test);
      if (test.invalid === true) {
        return end(
          [],
          /schema validation failed/.test(open.refused ?? '')
            ? undefined
            : `constraint should have failed schema validation: got error ${open.refused ?? '<nil>'} but want schema validation failed`,
        );
      }
      if (open.refused !== undefined) return end([], open.refused);
      return end(cases.map(one => this.#case(fields(one), open)));
    } catch (error) {
      const why = messageOf(error);
      return end(
        [],
        test.invalid === true
          ? `constraint should have failed schema validation: got error ${why} but want schema validation failed`
          : why,
      );
    }
  }

  #documents(path: string): readonly KubeObject[] {
    return this.#ports.documents(path);
  }

  #one(path: string, what: string): KubeObject {
    let documents: readonly KubeObject[];
    try {
      documents = this.#documents(path);
    } catch (error) {
      throw new Error(`reading ${what} from "${this.#ports.shown(path)}": ${messageOf(error)}`, { cause: error });
    }
    if (documents.length === 0) throw new Error(`path "${this.#ports.shown(path)}": no object`);
    return documents[0]!;
  }

  #template(path: string): Template {
    const known = this.#templates.get(path);
    if (known) return known;
    const object = this.#one(path, 'ConstraintTemplate');
    if (!isTemplate(object)) throw new Error(`path "${this.#ports.shown(path)}": not a ConstraintTemplate`);
    let template: Template;
    try {
      template = compileTemplate(object, this.#options);
    } catch (error) {
      throw new Error(`adding template: ${messageOf(error)}`, { cause: error });
    }
    this.#templates.set(path, template);
    return template;
  }

  /** The template, constraint and expansions of a test; `refused` is what the constraint's schema has against it. */
  #open(test: Readonly<Record<string, Json>>): OpenTest {
    const templatePath = text(test.template);
    if (templatePath === '') throw new Error('invalid Suite: missing template');
    const template = this.#template(templatePath);
    const constraintPath = text(test.constraint);
    if (constraintPath === '') throw new Error('invalid Suite: missing constraint');
    const constraint = this.#one(constraintPath, 'Constraint');
    if (!isConstraint(constraint)) throw new Error(`path "${this.#ports.shown(constraintPath)}": not a Constraint`);
    const expansions = text(test.expansion) === '' ? [] : this.#documents(text(test.expansion));
    const open: OpenTest = { template, constraint, expansions, refused: undefined };
    try {
      this.#set(open);
    } catch (error) {
      if (!(error instanceof DocumentError)) throw error;
      return { ...open, refused: error.message };
    }
    return open;
  }

  #set({ template, constraint, expansions }: OpenTest): { set: ConstraintSet; expander: ExpansionSet } {
    const set = new ConstraintSet(this.#options);
    set.addTemplate(template);
    set.addConstraint(constraint);
    const expander = new ExpansionSet();
    for (const expansion of expansions) {
      if (!isExpansion(expansion)) throw new Error(`not an ExpansionTemplate: ${expansion.kind}`);
      expander.add(expansion);
    }
    return { set, expander };
  }

  #case(one: Readonly<Record<string, Json>>, open: OpenTest): SuiteOutcome {
    const start = this.#ports.now();
    const name = text(one.name);
    if (one.skip === true) return { name, skipped: true, error: undefined, time_ms: 0 };
    let error: string | undefined;
    try {
      this.#check(one, open);
    } catch (thrown) {
      error = messageOf(thrown);
    }
    return { name, skipped: false, error, time_ms: this.#ports.now() - start };
  }

  #check(one: Readonly<Record<string, Json>>, open: OpenTest): void {
    const assertions = list(one.assertions);
    if (assertions.length === 0) throw new Error('invalid Case: assertions must be non-empty');
    const path = text(one.object);
    if (path === '') throw new Error('invalid Case: missing object');
    const objects = this.#documents(path);
    const shown = this.#ports.shown(path);
    if (objects.length !== 1)
      throw new Error(
        objects.length === 0
          ? `object file must contain exactly one object: "${shown}" defines no objects`
          : `object file must contain exactly one object: "${shown}" defines ${objects.length} objects`,
      );
    const { set, expander } = this.#set(open);
    for (const each of list(one.inventory)) for (const object of this.#documents(text(each))) set.inventory.set(object);
    const object = objects[0]!;
    if (isAdmissionReview(object)) {
      const review = reviewOfAdmission(object, undefined);
      if (typeof review === 'string') throw new Error(review);
    }
    const messages = auditObject(set, expander, object, 'gator.gatekeeper.sh').map(({ message }) => message);
    for (const assertion of assertions) checkAssertion(fields(assertion), messages);
  }
}

interface OpenTest {
  readonly template: Template;
  readonly constraint: KubeObject;
  readonly expansions: readonly KubeObject[];
  readonly refused: string | undefined;
}

/** The number of violations wanted: `yes` (the default) is one or more, `no` none; YAML 1.1 reads both as booleans. */
function wanted(value: Json | undefined): number | 'some' {
  if (value === undefined || value === null || value === 'yes' || value === true) return 'some';
  if (value === 'no' || value === false) return 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new Error(`assertion.violation, if set, must be an integer, "yes", or "no": got "${String(value as string)}"`);
}

function checkAssertion(assertion: Readonly<Record<string, Json>>, messages: readonly string[]): void {
  const want = wanted(assertion.violations);
  const pattern = text(assertion.message);
  const expected = pattern === '' ? undefined : compilePattern(pattern);
  const matching = expected ? messages.filter(message => expected.test(message)) : messages;
  const got = matching.length;
  if (want === 'some' ? got > 0 : got === want) return;
  const containing = pattern === '' ? '' : ` containing "${pattern}"`;
  const wants = want === 'some' ? 'at least 1' : want === 0 ? 'none' : `exactly ${want}`;
  throw new Error(
    `unexpected number of violations: got ${got} violations${containing} but want ${wants}: got messages [${messages.join(' ')}]`,
  );
}
