import type { Direction, Protocol } from './model.ts';

/** One end of a flow as the API knows it. */
export interface FlowEnd {
  readonly address: string;
  readonly port: number;
  readonly identity: number;
  readonly namespace?: string;
  readonly labels?: ReadonlyMap<string, string>;
}

/** The rule that decided; `default` where no policy speaks or none of its rules matched. */
export type DecidedBy =
  | { readonly kind: string; readonly namespace?: string; readonly name: string; readonly rule: string }
  | 'default';

/** A new flow, or a refused packet. The deciding rule is named for every refusal and every allow by a rule. */
export interface FlowRecord {
  /** Nanoseconds of the kernel's monotonic clock. */
  readonly time_ns: bigint;
  readonly verdict: 'forwarded' | 'dropped';
  /** 133 no rule allowed it, 181 a rule denied it, 132 its source is not the sender's, 160 the pod is not known yet. */
  readonly dropReason: number;
  /** The side that refused; for forwarded flows the last side asked. */
  readonly direction: Direction;
  readonly protocol: Protocol | 'ICMP' | 'ICMPv6' | number;
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  readonly by: DecidedBy;
  /** What each side that was asked went by; the side that refused is the last. */
  readonly sides: { readonly egress: DecidedBy; readonly ingress?: DecidedBy };
  /** Seen at a socket on the node's network: the one side told of is the node's own. */
  readonly isHost?: true;
}

/** One end of a flow as an observer is told of it. */
export interface ObservedEnd {
  readonly kind: 'pod' | 'node' | 'addresses';
  readonly address: string;
  readonly port: number;
  readonly identity: number;
  /** Of addresses: no rule tells it apart from the rest of the world. */
  readonly isWorld?: boolean;
  readonly namespace?: string;
  readonly pod?: string;
  readonly labels?: ReadonlyMap<string, string>;
  readonly workload?: { readonly kind: string; readonly name: string };
  readonly service?: { readonly namespace: string; readonly name: string };
  /** Host names this address was looked up by. */
  readonly names?: readonly string[];
}

/** What one side of a flow decided; time in nanoseconds since 1970. */
export interface ObservedFlow {
  readonly uuid: string;
  readonly time_ns: bigint;
  readonly direction: Direction;
  readonly verdict: 'forwarded' | 'dropped' | 'redirected';
  readonly dropReason: number;
  readonly protocol: FlowRecord['protocol'];
  readonly source: ObservedEnd;
  readonly destination: ObservedEnd;
  readonly by: DecidedBy;
  readonly http?: { readonly method: string; readonly url: string; readonly status?: number };
  readonly dns?: {
    readonly name: string;
    readonly type: string;
    readonly rcode: number;
    readonly addresses: readonly string[];
    readonly ttl_s: number;
  };
  /** The node that saw it. */
  readonly node: string;
}

/**
 * Whether this record counts its connection: one that was let through is told of by each side (on two nodes, where its
 * pods are apart), and counted where it arrives; what left for no pod, and every refusal, where it was seen.
 */
export function countsConnection({ direction, verdict, destination, http, dns }: ObservedFlow): boolean {
  if (http ?? dns) return false;
  return verdict === 'dropped' || direction === 'ingress' || destination.kind !== 'pod';
}
