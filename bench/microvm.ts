import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BUSYBOX, makeImages } from '../src/compute/cri/testing/images.ts';
import { type ContainerSpec, openCgroups, openImages, openKeeper, openVmRuntime } from '../src/compute/index.ts';
import { systemClock } from '../src/hosts/node/ports.ts';
import { median, type Measure, spread } from './runner.ts';

type Split = Readonly<Record<'kernel' | 'agent' | 'container' | 'total', number>>;

/** A container that only waits. */
const waiting = (id: string, sandboxId: string, imageId: string, folder: string) => ({
  id,
  sandboxId,
  imageId,
  name: 'c',
  attempt: 0,
  image: BUSYBOX,
  args: ['sleep', '1000'],
  environment: [['PATH', '/bin']] as const,
  workingFolder: '/',
  account: { uid: 0, gid: 0, groups: [] },
  mounts: [],
  devices: [],
  resources: {},
  tty: false,
  stdin: false,
  stdinOnce: false,
  stopSignal: 'SIGKILL',
  logPath: join(folder, 'logs', id),
  labels: {},
  annotations: {},
  createdAt_ms: 0,
});

const SECURITY: ContainerSpec['security'] = {
  privileged: false,
  readOnlyRootfs: false,
  noNewPrivileges: true,
  capabilities: { add: [], drop: [] },
  seccomp: 'default',
  procMount: 'default',
};

/** Pods in virtual machines, started from the kernel and from a snapshot in turn: where the time goes. */
export async function* microvm(scratch: string, rounds: number): AsyncGenerator<Measure> {
  await using stack = new AsyncDisposableStack();
  const folder = join(scratch, 'microvm');
  await makeImages(join(folder, 'build'), join(folder, 'images'));
  const { images } = stack.use(await openImages({ folder: join(folder, 'images') }));
  const keeper = stack.use(await openKeeper({ folder: join(folder, 'k') }));
  stack.defer(() => keeper.shutdown());
  const cgroups = openCgroups(`tenon-bench-${randomBytes(4).toString('hex')}`);
  stack.defer(() => cgroups.remove(''));
  const image = await images.resolve(BUSYBOX);
  const open = async (name: string, cold: boolean) => {
    let last = { kernel_ms: 0, agent_ms: 0 };
    const measured = (times: typeof last): void => void (last = times);
    const common = { keeper, cgroups, clock: systemClock, folder: join(folder, name), cold, measured };
    const runtime = await openVmRuntime(common);
    stack.defer(() => runtime.dispose());
    return async (): Promise<Split> => {
      const [id, containerId] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')];
      const none = { labels: {}, annotations: {}, sysctls: {}, attempt: 0, createdAt_ms: 0 };
      const shared = { hostNetwork: false, hostPid: false, hostIpc: false, sharedPid: false };
      const names = { pod: { namespace: 'b', name: 'b', uid: id }, hostname: 'b', cgroup: `pods/${id}` };
      const start = performance.now();
      await runtime.runSandbox({ id, ...names, ...none, ...shared, logFolder: join(folder, 'logs') });
      const middle = performance.now();
      const rootfs = await images.prepareRootfs(image!.id, containerId);
      await runtime.createContainer({ ...waiting(containerId, id, image!.id, folder), rootfs, security: SECURITY });
      await runtime.startContainer(containerId);
      const end = performance.now();
      await runtime.removeSandbox(id);
      await images.release(containerId);
      return { kernel: last.kernel_ms, agent: last.agent_ms, container: end - middle, total: end - start };
    };
  };
  const [cold, restored] = [await open('cold', true), await open('restored', false)];
  const series = { cold: [] as Split[], restored: [] as Split[] };
  // The first restored start makes the snapshot.
  await restored();
  for (let round = 0; round < rounds; round++) {
    series.cold.push(await cold());
    series.restored.push(await restored());
  }
  for (const [name, splits] of Object.entries(series))
    for (const part of ['kernel', 'agent', 'container', 'total'] as const) {
      const values = splits.map(split => split[part]);
      const common = { unit: 'ms', better: 'lower' as const, n: rounds, spread: spread(values) };
      yield { name: `compute/microvm-${name}-${part}`, ours: median(values), ...common };
    }
  const ratios = series.cold.map((split, index) => series.restored[index]!.total / split.total);
  yield {
    name: 'compute/microvm-restored-over-cold',
    unit: 'x',
    ours: median(ratios),
    better: 'lower',
    n: rounds,
    spread: spread(ratios),
    target: { kind: 'absolute', bound: 0.2 },
  };
}
