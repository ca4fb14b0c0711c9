import type { Entry, Severity } from './model.ts';

const RANK: Readonly<Record<Severity, number>> = {
  UNKNOWN: 0,
  NEGLIGIBLE: 1,
  LOW: 2,
  MEDIUM: 3,
  HIGH: 4,
  CRITICAL: 5,
};

/** Leave to run with one vulnerability until a day. */
export interface ScanException {
  readonly id: string;
  /** Only for this package; all of them where absent. */
  readonly packageName?: string;
  /** RFC 3339; the exception ends then. */
  readonly until: string;
  readonly reason: string;
}

/** Which vulnerabilities keep an image out. */
export interface DenyRule {
  readonly severity: Severity;
  /** Only what a newer package would mend. */
  readonly fixableOnly: boolean;
  /** Only what has been known for so long; what has no date counts as old. */
  readonly age_days_min: number;
  readonly exceptions: readonly ScanException[];
}

const DAY_MS = 86_400_000;

export interface ScanVerdict {
  readonly denied: readonly Entry[];
  /** Exceptions that would have applied but are over. */
  readonly expired: readonly ScanException[];
}

/** What a rule refuses at a moment. An exception without a readable end is over. */
export function denyVulnerabilities(entries: readonly Entry[], rule: DenyRule, now_ms: number): ScanVerdict {
  const denied: Entry[] = [];
  const expired = new Set<ScanException>();
  for (const entry of entries) {
    if (entry.kind !== 'vulnerability' || RANK[entry.severity ?? 'UNKNOWN'] < RANK[rule.severity]) continue;
    if (rule.fixableOnly && (entry.fixedVersions ?? []).length === 0) continue;
    const published = Date.parse(entry.published ?? '');
    if (!Number.isNaN(published) && now_ms - published < rule.age_days_min * DAY_MS) continue;
    const mine = rule.exceptions.filter(
      ({ id, packageName }) => id === entry.id && (packageName === undefined || packageName === entry.packageName),
    );
    if (mine.some(({ until }) => Date.parse(until) > now_ms)) continue;
    for (const exception of mine) expired.add(exception);
    denied.push(entry);
  }
  return { denied, expired: [...expired] };
}
