/** A known bug of another system, re-created in ours by one edit of one source file at load time. */
export interface PlantedBug {
  readonly name: string;
  /** What happened there; the number of the issue where one is known for certain. */
  readonly story: string;
  /** Below src/. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}
