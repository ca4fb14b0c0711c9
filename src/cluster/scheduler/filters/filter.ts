import type { Pod } from '../../types.ts';
import type { NodeInfo, Snapshot } from '../snapshot.ts';

/** Why a node cannot take a pod, in kube-scheduler's words. `final` ones no preemption can change. */
export interface Refusal {
  readonly plugin: string;
  readonly reasons: readonly string[];
  readonly final: boolean;
  /** What exactly failed, for `why`: the taint, the label, the amounts. */
  readonly detail?: string;
}

/** A check made ready for one pod. */
export type NodeCheck = (info: NodeInfo) => Refusal | undefined;

/** What a filter says before any node is looked at. */
export type Prepared =
  | { readonly check: NodeCheck }
  /** Nothing to check for this pod. */
  | { readonly skip: true }
  /** No node at all can take it. */
  | { readonly reject: string };

export interface Filter {
  readonly name: string;
  /** Set where the check reads the pod's spec and the one node it is asked about, and nothing else. Those come first. */
  readonly local?: true;
  prepare(pod: Pod, snapshot: Snapshot): Prepared;
}

export const SKIP: Prepared = { skip: true };

export const refuse = (plugin: string, reason: string, final: boolean, detail?: string): Refusal => ({
  plugin,
  reasons: [reason],
  final,
  ...(detail === undefined ? {} : { detail }),
});
