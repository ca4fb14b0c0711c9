import type { JsonObject } from '../../../../kernel/index.ts';
import type { KyvernoWorld, PolicyResult } from '../model.ts';

/** What a test may read: everything by path, whatever it lies on. */
export interface TestFiles {
  /** The documents of a YAML or JSON file, or of every such file of a folder; undefined where there is none. */
  documents(path: string): readonly JsonObject[] | undefined;
}

/** The parts of the world that tests do not give. */
export type TestPorts = Pick<
  KyvernoWorld,
  'now' | 'random' | 'digest' | 'hmac' | 'gunzip' | 'parseYaml' | 'resourceOf' | 'schemaOf'
>;

/** One policy over one resource. */
export interface Entry {
  readonly policy: JsonObject;
  readonly resource: JsonObject;
  readonly result: PolicyResult;
}

/** One row of `results`. */
export interface TestRow {
  readonly policy: string;
  readonly rule: string;
  readonly kind: string;
  readonly resources: readonly string[];
  readonly expected: string;
  readonly passed: boolean;
  /** How many of the resources the policy says nothing of; that passes, as it does in Kyverno's own tool. */
  readonly excluded: number;
  /** What came out, where it is not what was expected. */
  readonly got: string;
  /** Names a capability the row needs and that is not at hand. */
  readonly needs?: string;
}
