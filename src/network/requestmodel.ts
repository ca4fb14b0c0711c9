/** A host name in lower case as it was written, and as RE2 over the whole name. */
export interface NamePattern {
  readonly text: string;
  readonly expression: string;
}

/** One kind of HTTP request; expressions are RE2 over the whole text, absent ones ask nothing. */
export interface HttpMatch {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  /** Present, and equal where a value is given; names in lower case. */
  readonly headers: readonly { readonly name: string; readonly value?: string }[];
}

/** What the connection must ask for; one entry has to match. */
export type Requests =
  | { readonly kind: 'http'; readonly matches: readonly HttpMatch[] }
  | { readonly kind: 'dns'; readonly names: readonly NamePattern[] };
