/** The commands that install what this class needs, for the Fault and `tenon doctor`. */
export const MACHINE_INSTALL = 'apt-get install --no-install-recommends qemu-system-x86';
/** The cloud flavour has no 9p, by which folders are shared. */
export const KERNEL_INSTALL = 'apt-get install --no-install-recommends linux-image-amd64';
export const MACHINE_BINARY = 'qemu-system-x86_64';

/** One virtual machine; paths are absolute. */
export interface MachineSpec {
  readonly kernel: string;
  readonly initramfs: string;
  readonly memory_bytes: number;
  readonly processors: number;
  /** Ticks a millisecond of the emulated processor: those of the machine's own. */
  readonly ticks: number;
  /** File behind the guest's memory. `share`: what the guest writes goes into the file; else it stays the machine's own. */
  readonly memory?: { readonly path: string; readonly share: boolean };
  readonly agentSocket: string;
  readonly controlSocket: string;
  readonly pidFile: string;
  readonly console: string;
  /** Folder shown to the guest. */
  readonly shared: string;
  /** Hardware virtualization; otherwise software emulation. */
  readonly accelerated: boolean;
  /** Waits for a state to be loaded instead of starting. */
  readonly incoming: boolean;
}

const escaped = (value: string): string => value.replaceAll(',', ',,');

/**
 * The command line of a QEMU `microvm` machine (docs/system/i386/microvm): no firmware devices, no PCI; memory-mapped
 * virtio for the port to the agent, the network card (an interface `tap0` of the namespace it is started in) and the
 * shared folder.
 */
export function lowerMachine(spec: MachineSpec): readonly string[] {
  const megabytes = Math.ceil(spec.memory_bytes / 1024 / 1024);
  const backend = spec.memory
    ? `memory-backend-file,id=ram,size=${megabytes}M,mem-path=${escaped(spec.memory.path)},share=${spec.memory.share ? 'on' : 'off'}`
    : `memory-backend-ram,id=ram,size=${megabytes}M`;
  // Emulated timers are late on a busy machine: what the kernel would measure with them it is told.
  const known = spec.accelerated ? '' : ` tsc_early_khz=${spec.ticks}`;
  const quick = `tsc=reliable no_timer_check mitigations=off nokaslr random.trust_cpu=on${known}`;
  return [
    '-M',
    'microvm,pit=on,pic=on,rtc=on,isa-serial=on,acpi=on,memory-backend=ram',
    '-accel',
    spec.accelerated ? 'kvm' : 'tcg',
    '-cpu',
    spec.accelerated ? 'host' : 'max',
    '-m',
    `${megabytes}M`,
    '-smp',
    String(spec.processors),
    '-object',
    backend,
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-no-reboot',
    '-kernel',
    spec.kernel,
    '-initrd',
    spec.initramfs,
    '-append',
    `console=ttyS0 quiet loglevel=3 reboot=t panic=-1 ${quick}`,
    '-serial',
    `file:${spec.console}`,
    '-device',
    'virtio-serial-device,max_ports=2',
    '-chardev',
    `socket,id=agent,path=${escaped(spec.agentSocket)},server=on,wait=off`,
    '-device',
    'virtserialport,chardev=agent,name=agent,nr=1',
    '-netdev',
    'tap,id=net,ifname=tap0,script=no,downscript=no',
    '-device',
    'virtio-net-device,netdev=net',
    '-fsdev',
    `local,id=share,path=${escaped(spec.shared)},security_model=passthrough,multidevs=remap`,
    '-device',
    'virtio-9p-device,fsdev=share,mount_tag=share',
    '-chardev',
    `socket,id=control,path=${escaped(spec.controlSocket)},server=on,wait=off`,
    '-mon',
    'chardev=control,mode=control',
    '-pidfile',
    spec.pidFile,
    '-sandbox',
    'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    ...(spec.incoming ? ['-incoming', 'defer'] : []),
  ];
}

/** Folders, separated by colons, below which kernels lie as they do below `/` (an unpacked package). */
export const KERNEL_ROOTS_VARIABLE = 'TENON_KERNEL_ROOTS';
/** `yes`: hardware virtualization is used. */
export const ACCELERATION_VARIABLE = 'TENON_KVM';

const MEGABYTE = 1024 * 1024;
/** Programs size themselves by what they see, and what they do not touch costs nothing. */
const MEMORY_BYTES_LEAST = 1024 * MEGABYTE;
/** What the kernel and the guest's first process need for themselves. */
const MEMORY_BYTES_OWN = 96 * MEGABYTE;
/** Kata's own annotations for the size of a pod's machine. */
const KATA_MEMORY = 'io.katacontainers.config.hypervisor.default_memory';
const KATA_PROCESSORS = 'io.katacontainers.config.hypervisor.default_vcpus';

/**
 * The size of a pod's machine: what its limits come to, or what the annotations say, rounded up to a power of two so that
 * few snapshots serve all. Memory that is not touched costs nothing.
 */
export function machineShape(
  annotations: Readonly<Record<string, string>>,
  limit_bytes: number | undefined,
): { readonly memory_bytes: number; readonly processors: number } {
  const asked = Number(annotations[KATA_MEMORY]) * MEGABYTE;
  const wanted = asked > 0 ? asked : (limit_bytes ?? 0) + MEMORY_BYTES_OWN;
  const memory_bytes = 2 ** Math.ceil(Math.log2(Math.max(MEMORY_BYTES_LEAST, wanted)));
  const processors = Math.min(16, Math.max(1, Math.floor(Number(annotations[KATA_PROCESSORS]) || 1)));
  return { memory_bytes, processors };
}
