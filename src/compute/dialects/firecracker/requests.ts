/** One call of the API on its unix socket; 2xx is success, anything else carries `fault_message`. */
export interface RestRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A machine as this API configures it; paths are on the host. */
export interface RestMachineSpec {
  readonly kernel: string;
  readonly initramfs?: string;
  readonly bootArgs: string;
  readonly memory_bytes: number;
  readonly processors: number;
  /** Whether differences of memory can be kept instead of the whole. */
  readonly tracksMemory?: boolean;
  readonly drives: readonly {
    readonly id: string;
    readonly path: string;
    readonly root: boolean;
    readonly readOnly: boolean;
  }[];
  readonly interfaces: readonly { readonly id: string; readonly device: string; readonly mac?: string }[];
  /** `path`: a connection to it that says `CONNECT port` reaches the guest. */
  readonly vsock?: { readonly cid: number; readonly path: string };
  /** What the metadata service tells the guest over the named interfaces. */
  readonly metadata?: {
    readonly interfaces: readonly string[];
    readonly content: Readonly<Record<string, unknown>>;
  };
}

const MEGABYTE = 1024 * 1024;
const PROCESSORS_MAX = 32;

/** One processor or an even number of them. */
const processorsOf = (count: number): number => (count <= 1 ? 1 : Math.min(PROCESSORS_MAX, Math.ceil(count / 2) * 2));

const put = (path: string, body: Readonly<Record<string, unknown>>): RestRequest => ({ method: 'PUT', path, body });

/** The calls that configure and start a machine, in order (what must be set before the start comes before it). */
export function lowerBoot(spec: RestMachineSpec): readonly RestRequest[] {
  const { drives, interfaces, vsock, metadata } = spec;
  return [
    put('/machine-config', {
      vcpu_count: processorsOf(spec.processors),
      mem_size_mib: Math.ceil(spec.memory_bytes / MEGABYTE),
      track_dirty_pages: spec.tracksMemory ?? false,
    }),
    put('/boot-source', {
      kernel_image_path: spec.kernel,
      boot_args: spec.bootArgs,
      ...(spec.initramfs === undefined ? {} : { initrd_path: spec.initramfs }),
    }),
    ...drives.map(({ id, path, root, readOnly }) =>
      put(`/drives/${id}`, { drive_id: id, path_on_host: path, is_root_device: root, is_read_only: readOnly }),
    ),
    ...interfaces.map(({ id, device, mac }) =>
      put(`/network-interfaces/${id}`, {
        iface_id: id,
        host_dev_name: device,
        ...(mac === undefined ? {} : { guest_mac: mac }),
      }),
    ),
    ...(vsock ? [put('/vsock', { guest_cid: vsock.cid, uds_path: vsock.path })] : []),
    put('/entropy', {}),
    ...(metadata
      ? [
          put('/mmds/config', { version: 'V2', network_interfaces: metadata.interfaces }),
          put('/mmds', metadata.content),
        ]
      : []),
    put('/actions', { action_type: 'InstanceStart' }),
  ];
}

/** The calls that keep a running machine in two files, and let it go on. */
export function lowerSnapshot(files: {
  readonly state: string;
  readonly memory: string;
  readonly difference?: boolean;
}): readonly RestRequest[] {
  return [
    { method: 'PATCH', path: '/vm', body: { state: 'Paused' } },
    put('/snapshot/create', {
      snapshot_path: files.state,
      mem_file_path: files.memory,
      snapshot_type: files.difference ? 'Diff' : 'Full',
    }),
    { method: 'PATCH', path: '/vm', body: { state: 'Resumed' } },
  ];
}

/** The one call that makes a fresh machine of a snapshot; its memory is mapped copy-on-write. */
export function lowerRestore(files: {
  readonly state: string;
  readonly memory: string;
  readonly interfaces: RestMachineSpec['interfaces'];
  readonly vsockPath?: string;
}): readonly RestRequest[] {
  return [
    put('/snapshot/load', {
      snapshot_path: files.state,
      mem_backend: { backend_type: 'File', backend_path: files.memory },
      resume_vm: true,
      ...(files.interfaces.length === 0
        ? {}
        : { network_overrides: files.interfaces.map(({ id, device }) => ({ iface_id: id, host_dev_name: device })) }),
      ...(files.vsockPath === undefined ? {} : { vsock_override: { uds_path: files.vsockPath } }),
    }),
  ];
}

/** Asks the guest to end. */
export const STOP: RestRequest = put('/actions', { action_type: 'SendCtrlAltDel' });
