import type { Json, JsonObject } from '../../../kernel/index.ts';

export type Severity = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW' | 'NEGLIGIBLE' | 'UNKNOWN';

/** What one line of a report is about. Rules describe results of the same id; packages are what was looked at. */
export type EntryKind = 'vulnerability' | 'misconfiguration' | 'secret' | 'license' | 'package' | 'rule';

/** One finding, package or rule of any scanner's report. A field is absent where the report does not tell it. */
export interface Entry {
  readonly kind: EntryKind;
  readonly id?: string;
  readonly severity?: Severity;
  readonly title?: string;
  readonly description?: string;
  /** What is wrong in this very place. */
  readonly message?: string;
  readonly resolution?: string;
  /** `fixed`, `affected`, `wont-fix`, `not-fixed`, PASS or FAIL, in the scanner's word. */
  readonly status?: string;
  readonly fixedVersions?: readonly string[];
  readonly url?: string;
  readonly references?: readonly string[];
  readonly weaknesses?: readonly string[];
  readonly score?: number;
  /** RFC 3339. */
  readonly published?: string;
  readonly modified?: string;
  readonly packageName?: string;
  readonly packageVersion?: string;
  readonly packageType?: string;
  readonly purl?: string;
  readonly path?: string;
  readonly category?: string;
}

export type EntryField = Exclude<keyof Entry, 'kind'>;

/** A report: its entries as one model, and everything else of the document around them. */
export interface ScanReport {
  readonly format: string;
  readonly entries: readonly Entry[];
  /** The document without what the entries hold; opaque to all but its format. */
  readonly frame: unknown;
}

export type { Json, JsonObject };
