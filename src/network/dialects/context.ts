/** What other objects say that policies refer to. */
export interface PolicyContext {
  /** Named lists of prefixes. */
  readonly groups: readonly {
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly cidrs: readonly string[];
  }[];
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly selector?: Readonly<Record<string, string>>;
    /** Of Services without a selector: the addresses written for them. */
    readonly addresses: readonly string[];
  }[];
}

export const NO_CONTEXT: PolicyContext = { groups: [], services: [] };
