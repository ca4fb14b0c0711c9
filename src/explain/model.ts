import type { Answer, Edit, Fault, Origin, Outcome, Text } from '../base/index.ts';
import type { KubeObject } from '../kernel/index.ts';
import type { ObservedFlow } from '../network/index.ts';

/** A kind whose objects nobody could read: whether there are any is not known. */
export interface UnreadKind {
  /** In the plural. */
  readonly resource: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
  /** Defined by an extension of the cluster. */
  readonly custom: boolean;
  readonly fault: Fault;
}

/** Everything a question is asked about: objects of a folder, a repository or a cluster, read once. */
export interface Documents {
  readonly objects: readonly KubeObject[];
  /** Where an object, or what an RFC 6901 pointer names in it, was written. */
  readonly originOf: (object: KubeObject, pointer?: string) => Origin | undefined;
  /** What could not be read; a document that is broken may be one that changes an answer. */
  readonly faults?: readonly Fault[];
  /** Kinds that the cluster keeps from who asks. */
  readonly unread?: readonly UnreadKind[];
  /** True for what a cluster holds: an object that is absent is known to be absent. */
  readonly live?: boolean;
}

/** One end of a flow as a person names it. */
export type Place =
  | { readonly kind: 'named'; readonly namespace: string; readonly name: string; readonly of?: string }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'dns'; readonly host: string };

/** What of a request is asked about, beside its host and path. */
export interface HttpQuestion {
  readonly method?: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Claims of the token the request carries. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** `SRC to DST[:port][/path]`. */
export interface FlowQuestion {
  readonly source: Place;
  readonly destination: Place;
  readonly port?: number | string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly path?: string;
  /** Ask as if this network plugin enforced policies (`flannel`); what the documents say when absent. */
  readonly profile?: string;
  readonly http?: HttpQuestion;
}

/** What one side of a flow was seen to do, by one rule. */
export interface SeenSide {
  readonly direction: ObservedFlow['direction'];
  readonly verdict: ObservedFlow['verdict'];
  /** Absent for requests: the proxy tells what it did, not by which rule. */
  readonly by?: ObservedFlow['by'];
  /** As the flow's record has it; 0 where it passed. */
  readonly dropReason: number;
  /** A request over the connection; else connections that were let through, or packets that were refused. */
  readonly isRequest: boolean;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly last_ms: number;
}

/** What a network saw of a flow. */
export interface Seen {
  /** The newest first; empty where it was not seen. */
  readonly sides: readonly SeenSide[];
  /** Where the last that was seen is not what is decided. */
  readonly disagrees: readonly Text[];
  /** What was looked through: records kept, those forgotten before, and nodes whose records are missing. */
  readonly kept?: { readonly flows: number; readonly forgotten: number; readonly silent: readonly string[] };
  /** Why nothing was looked through. */
  readonly why?: Text;
}

/** The answer across layers: the outcome is that of the first hop that does not allow. */
export interface Journey {
  readonly outcome: Outcome;
  readonly hops: readonly Answer[];
  /** Edits that together make a denied flow an allowed one, verified by deciding again. */
  readonly fix?: readonly Edit[];
  /** Beside the decision, where what runs is asked about; it never changes the outcome. */
  readonly seen?: Seen;
}
