/** Who may talk to whom, and which pods a request ends at, as the load of a run asks it. */
import type { RequestTarget } from '../scenario/model.ts';

/** Where a request comes from. */
export type RequestSource =
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
  /** A client outside the cluster: of the internet, or where a zone is named of any network; its address where it is known. */
  | { readonly kind: 'outside'; readonly zone?: string; readonly address?: string };

export interface RequestHead {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What becomes of a request before any pod sees it; `pods` are addresses of those it may go to, each as often as its share. */
export interface Route {
  readonly outcome: 'allow' | 'deny' | 'unknown' | 'no-endpoint' | 'dns';
  readonly pods: readonly string[];
  /** Of those a Service chooses from: pods that policy keeps this sender from. */
  readonly refusing?: readonly string[];
  /** The rule that decided, in words. */
  readonly by?: string;
}

export interface Reach extends AsyncDisposable {
  /** Rises whenever an answer could be another one. */
  readonly version: number;
  route(from: RequestSource, to: RequestTarget, http: RequestHead): Route;
}
