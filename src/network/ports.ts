/** Which pod something belongs to. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface HostPort {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostIp?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** What an agent asks for a sandbox. The shape is the one compute's PodNetwork port takes. */
export interface AttachRequest {
  readonly pod: PodName;
  readonly sandboxId: string;
  readonly hostNetwork: boolean;
  /** The pod's control group, below the node's own; absent where another program makes it. */
  readonly cgroup?: string;
  readonly isolation: 'namespace' | 'address';
  readonly ports: readonly HostPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Attachment {
  readonly pod: PodName;
  readonly sandboxId: string;
  readonly ips: readonly string[];
  readonly netnsPath?: string;
  readonly usernsPath?: string;
  readonly nameservers: readonly string[];
}

/** Both directions of a connection into a pod. */
export interface PodConnection {
  readonly source: AsyncIterable<Uint8Array>;
  readonly sink: { write(chunk: Uint8Array): Promise<void>; end(): Promise<void> };
  close(): void;
}

/** Addresses and network namespaces of the pods of one node (compute's PodNetwork, by shape). */
export interface PodNetwork {
  attach(request: AttachRequest): Promise<Attachment>;
  detach(sandboxId: string): Promise<void>;
  list(): Promise<readonly Attachment[]>;
  dial(sandboxId: string, port: number, signal: AbortSignal): Promise<PodConnection>;
}

/** Where a pod's traffic can be seen and stopped. */
export interface PodInterface {
  readonly attachment: Attachment;
  /** Name of the pod's device in the node's router namespace. */
  readonly device: string;
  readonly hostPorts: readonly HostPort[];
  /** A pod on the node's network, and its control group. */
  readonly host?: { readonly group?: string };
}
