/** One case after it ran. `feature` and `reason` say why a case was skipped; skips count against percentages. */
export interface CaseResult {
  readonly case: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  readonly expected?: string;
  readonly got?: string;
  readonly feature?: string;
  readonly reason?: string;
}

/** What a runner may use: the folder of cases, and where the other suites lie (some cases refer to shared data). */
export interface SuiteContext {
  /** Absolute folder of this suite's cases. */
  readonly cases: string;
  /** Absolute folder that holds every suite. */
  readonly suites: string;
  readonly signal: AbortSignal;
}

/** Runs every case found under a folder; holds no case names and no expected results of its own. */
export interface SuiteRunner {
  /** `policy/opa-v1`: the path under the suites folder. */
  readonly suite: string;
  run(context: SuiteContext): AsyncIterable<CaseResult>;
}
