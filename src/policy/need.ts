/** A question to somebody outside; its key names it, and its answer, among all of them. */
export interface PolicyNeed {
  readonly kind: string;
  readonly key: string;
}
