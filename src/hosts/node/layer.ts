import type { Clock, Fault, Random } from '../../base/index.ts';
import type { Kernel, KubeObject } from '../../kernel/index.ts';
import type { RunningApi } from '../../api/index.ts';
import type { Alignment, CsiVolumes } from '../../compute/index.ts';
import type { Network } from '../../network/index.ts';
import type { StateFolder } from './state.ts';
import type { ApiSettings } from './api-settings.ts';
import type { StoreSettings } from './store.ts';

/** What a person chose on the command line. */
export interface HostSettings extends StoreSettings, ApiSettings {
  /** More addresses of this machine at which the API answers; the first is the node's own for other machines. */
  readonly apiHosts: readonly string[];
  /** Ranges of cluster addresses, one or one of each family; chosen by the state's id when absent. */
  readonly serviceCidrs?: readonly string[];
  /** Never ask a registry or repository. */
  readonly offline: boolean;
  /** Where Ingress is served on loopback; 0 picks a free port. */
  readonly ingressPort: number;
  /** Runs pods that name no RuntimeClass; `process` when absent. */
  readonly runtime?: string;
  /** Endpoint of a CRI runtime that runs the pods instead of our own. */
  readonly cri?: string;
  /** Sockets of CSI drivers of this machine. */
  readonly csi?: readonly string[];
  /** When pods are ended because the machine runs out of something, in kubelet's words. */
  readonly evictionHard?: string;
  readonly reservedCpus?: readonly number[];
  readonly topology?: Alignment;
  /** Hold policies for nodes for the pods on this node's network. */
  readonly hostFirewall?: boolean;
}

/** What layers hand to those started after them. */
export interface SharedParts {
  network?: Network;
  /** Volumes of CSI drivers on this node. */
  csi?: CsiVolumes;
  /** Ports in use by the mesh's listeners, by name. */
  listeners?: () => ReadonlyMap<string, number>;
}

/** What a layer is started with: the waist, the ports of this machine, and where it may keep things. */
export interface LayerContext {
  readonly kernel: Kernel;
  readonly api: RunningApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly state: StateFolder;
  readonly settings: HostSettings;
  readonly parts: SharedParts;
  /** What pods use, as objects of metrics.k8s.io; of all namespaces when none is named. */
  readonly podMetrics: (namespace?: string) => Promise<readonly KubeObject[]>;
  /** Faults of the layer as they happen: to the log, the terminal, an Event and `status`. */
  report(fault: Fault, about?: FaultSubject): void;
  /** One line for the log. */
  log(line: string): void;
}

export interface FaultSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A started layer; disposing it drains it. */
export interface RunningLayer extends AsyncDisposable {
  /** Resolves when the layer does its work (not when everything it works on is done). */
  readonly ready: Promise<void>;
}

/** One layer as this host composes it: order in LAYERS is start order, the reverse is stop order. */
export interface Layer {
  readonly name: string;
  start(context: LayerContext): Promise<RunningLayer>;
}

/** What `status` tells of a layer. */
export interface LayerStatus {
  ready: boolean;
  readonly faults: Fault[];
}

/** A layer keeps only its newest faults in `status`; the log has all of them. */
export const FAULTS_KEPT = 50;
