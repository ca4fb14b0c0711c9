import type { OciDialect, PodKernel } from '../oci.ts';
import { traceSession } from './trace/session.ts';

type Loose = Readonly<Record<string, unknown>>;

const SANDBOXED = new Set(['mount', 'pid', 'ipc', 'uts', 'network', 'user']);

/** Processes of a pod are those of its first container's namespace. */
const sharesProcesses = (kernel?: PodKernel): boolean => typeof kernel === 'object' && kernel.sharesProcesses;

/** How runsc is told of pods: by the annotations of CRI implementations. */
function kernelAnnotations(kernel: PodKernel | undefined): Readonly<Record<string, string>> {
  if (kernel === undefined) return {};
  const [type, of] = ['io.kubernetes.cri.container-type', 'io.kubernetes.cri.sandbox-id'];
  return kernel === 'begin' ? { [type]: 'sandbox' } : { [type]: 'container', [of]: kernel.id };
}

/**
 * Pods on a kernel of their own in user space. Its namespaces are inside that kernel, so only the network's is joined;
 * commands enter through runsc, because the machine's kernel does not know the processes.
 */
export const gvisor: OciDialect = {
  handler: 'gvisor',
  binary: 'runsc',
  install: 'apt-get install runsc',
  // Its calls are its own kernel's, which knows no profiles of the machine's.
  appArmor: false,
  // The platform is runsc's default: systrap where it has it, which needs neither KVM nor ptrace.
  globalFlags: ['--network=sandbox', '--ignore-cgroups', '--oci-seccomp'],
  hostNetwork: ['--network=host'],
  unmount: ['/sys/fs/cgroup/unified'],
  start_ms_max: 60_000,
  toleratesOomScore: false,
  execsItself: true,
  ownNetwork: true,
  checkpoint: 'own',
  restores: true,
  trace: {
    session: traceSession,
    startFlags: config => ['--pod-init-config', config],
    join: (config, id) => ['trace', 'create', '--force', '--config', config, id],
    leave: id => ['trace', 'delete', '--name', 'Default', id],
  },
  podKernel: true,
  adapt: (config, hostname, kernel) => {
    const linux = config.linux as Loose;
    const namespaces = (linux.namespaces as { type: string; path?: string }[])
      .filter(({ type }) => SANDBOXED.has(type) && !(type === 'pid' && sharesProcesses(kernel)))
      .map(({ type, path }) => (type === 'network' && path ? { type, path } : { type }));
    const given = config.mounts as { destination: string; type: string; options?: string[] }[];
    // A restore takes a place that is mounted over for another set of mounts.
    const last = new Map(given.map((mount, index) => [mount.destination, index]));
    const mounts = given
      .filter(({ type, destination }, index) => type !== 'mqueue' && last.get(destination) === index)
      .map(mount => ({ ...mount, options: mount.options?.filter(option => option !== 'rro') }));
    // What is kept with a checkpoint has no empty lists, and must be equal to what it is restored as.
    const said = Object.entries(linux).filter(([, value]) => !Array.isArray(value) || value.length > 0);
    const annotations = { ...(config.annotations as object), ...kernelAnnotations(kernel) };
    return {
      ...config,
      annotations,
      hostname,
      mounts,

      linux: { ...Object.fromEntries(said), namespaces },
    };
  },
};
