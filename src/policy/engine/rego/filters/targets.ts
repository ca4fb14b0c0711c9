/** A language that filters are written in, and what it can say (OPA, "Writing valid Data Filtering Policies"). */
export interface FilterTarget {
  /** The key of an answer for many targets. */
  readonly key: string;
  readonly title: string;
  readonly language: 'sql' | 'ucast';
  readonly dialect: string;
  /** Tests beside comparisons: `in`, `startswith`, `endswith`, `contains`. */
  readonly searches: ReadonlySet<string>;
  readonly not: boolean;
  /** Whether two fields may be compared. */
  readonly fieldRef: boolean;
  /** Whether a field may be asked to be there. */
  readonly existenceRef: boolean;
}

const TEXTS = ['in', 'startswith', 'endswith', 'contains'];

const sql = (dialect: string, searches = TEXTS): FilterTarget => ({
  key: dialect,
  title: `SQL (${dialect})`,
  language: 'sql',
  dialect,
  searches: new Set(searches),
  not: true,
  fieldRef: true,
  existenceRef: true,
});

const ucast = (dialect: string, title: string, searches: string[], not: boolean, fieldRef: boolean): FilterTarget => ({
  key: 'ucast',
  title,
  language: 'ucast',
  dialect,
  searches: new Set(searches),
  not,
  fieldRef,
  existenceRef: dialect === 'prisma',
});

/** Targets by name, as `options.targetDialects` has them. */
export const FILTER_TARGETS: ReadonlyMap<string, FilterTarget> = new Map(
  [
    sql('postgresql'),
    sql('mysql'),
    sql('sqlserver'),
    sql('sqlite', ['in']),
    ucast('all', 'UCAST (all)', TEXTS, true, true),
    ucast('minimal', 'UCAST', [], false, false),
    ucast('prisma', 'UCAST (prisma)', TEXTS, true, false),
    ucast('linq', 'UCAST (LINQ)', ['in'], false, false),
  ].map(target => [`${target.language}+${target.dialect}`, target]),
);
