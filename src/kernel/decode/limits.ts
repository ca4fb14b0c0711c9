/** Bounds on one text; every count is checked before anything grows with it. */
export interface DecodeLimits {
  /** UTF-8 bytes, as the API server limits request bodies. */
  readonly size_bytes_max: number;
  readonly depth_max: number;
  /** Values after aliases are expanded. */
  readonly nodes_max: number;
  /** Words and marks of a YAML text: what reading it costs. */
  readonly lexemes_max: number;
}

/** What the API server and the command line allow. */
export const DEFAULT_LIMITS: DecodeLimits = {
  size_bytes_max: 3 * 1024 * 1024,
  depth_max: 100,
  nodes_max: 500_000,
  lexemes_max: 300_000,
};
