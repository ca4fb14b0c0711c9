import type { ApiServer } from '../apiserver.ts';
import type { Interference } from '../interference.ts';
import type { Links } from '../links.ts';
import type { Processes } from '../processes.ts';

/**
 * What a run's world lets disruptions do beside the control plane. A world leaves out what it does not have; asking for that
 * is a Fault. Every one returns how it is undone.
 */
export interface WorldHooks {
  readonly nodes: () => readonly string[];
  /** The machine is gone with all that ran on it; healed, it starts empty. */
  readonly loseNode?: (node: string) => Disposable;
  /** Everything that takes time on it takes `factor` times as long. */
  readonly slowNode?: (node: string, factor: number) => Disposable;
  /** The node's disk is full of what is not its pods'. */
  readonly fillDisk?: (node: string) => Disposable;
  /** Pulls of images that match (a star stands for any text) fail. */
  readonly failPulls?: (image: string) => Disposable;
  /** Webhooks whose Service (`namespace/name`) or host matches give no answer in time. */
  readonly silenceWebhooks?: (name: string) => Disposable | undefined;
  /** Serving certificates of Services and hosts that match have expired; undefined where there are none. */
  readonly expireCertificates?: (holder: string) => Disposable | undefined;
  /** Names that match are not resolved; `nxdomain` or `servfail`. */
  readonly failNames?: (name: string, how: string) => Disposable;
  /** Repositories that match cannot be fetched: `refused` at once, or `timeout`. */
  readonly hideGit?: (url: string, how: string) => Disposable;
  /** No new samples are collected. */
  readonly stopMetrics?: (target: string) => Disposable;
  /** Counters that match begin at nought again. */
  readonly resetCounters?: (target: string) => void;
}

/** What disruptions act on. */
export interface Disruptable {
  readonly api: ApiServer;
  readonly links: Links;
  readonly interference: Interference;
  readonly processes: Processes;
  readonly world: WorldHooks;
}
