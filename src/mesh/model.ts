/** A Service port that requests go to. */
export interface BackendReference {
  readonly namespace: string;
  readonly name: string;
  /** Number or name of a port of the Service. */
  readonly port: number | string;
}

export type ValueMatch = { readonly kind: 'exact' | 'regex'; readonly value: string };

export interface NamedMatch {
  readonly name: string;
  readonly match: ValueMatch;
}

export type PathMatch = { readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string };

export type PathChange = { readonly kind: 'full' | 'prefix'; readonly value: string };

export type Filter =
  | {
      readonly kind: 'request-headers' | 'response-headers';
      readonly set: readonly (readonly [string, string])[];
      readonly add: readonly (readonly [string, string])[];
      readonly remove: readonly string[];
    }
  | {
      readonly kind: 'redirect';
      readonly scheme?: string;
      readonly host?: string;
      readonly port?: number;
      readonly path?: PathChange;
      readonly status: number;
    }
  | { readonly kind: 'rewrite'; readonly host?: string; readonly path?: PathChange }
  | { readonly kind: 'mirror'; readonly backend: BackendReference };

export interface WeightedBackend {
  /** Absent when the reference is broken: its share of requests is answered with 500. */
  readonly backend?: BackendReference;
  readonly weight: number;
  readonly filters: readonly Filter[];
}

/** One way a request can match, and what happens then. */
export interface HttpRule {
  /** Empty says any host; `*.example.com` any below it. */
  readonly hosts: readonly string[];
  readonly path: PathMatch;
  readonly method?: string;
  readonly headers: readonly NamedMatch[];
  readonly query: readonly NamedMatch[];
  readonly filters: readonly Filter[];
  readonly backends: readonly WeightedBackend[];
  readonly timeout_ms?: number;
  /** Age and name of the route, for rules that match equally well; then the place in it. */
  readonly createdAt: string;
  readonly key: string;
  readonly order: number;
}

export interface Certificate {
  readonly hosts: readonly string[];
  readonly cert: string;
  readonly key: string;
}

/** A port with the rules of one host pattern; listeners of one port are told apart by host. */
export interface Listener {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly host?: string;
  readonly certificates: readonly Certificate[];
  readonly rules: readonly HttpRule[];
}
