import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import {
  type Agent,
  type ContainerRuntime,
  CriRuntime,
  criImages,
  criNetwork,
  hostMounts,
  type ImageStore,
  openCgroups,
  openImages,
  openKeeper,
  type PodNetwork,
  type RuntimeRegistry,
  startAgent,
} from '../../src/compute/index.ts';
import { startContainerd } from '../../src/compute/cri/testing/containerd.ts';
import { makeImages } from '../../src/compute/cri/testing/images.ts';
import { openRuntimes } from '../../src/hosts/node/runtimes.ts';
import { systemClock, systemRandom } from '../../src/hosts/node/ports.ts';
import { addressPlan, firstRanges } from '../../src/hosts/node/addresses.ts';
import { stateId } from '../../src/hosts/node/state.ts';
import { type Client, type KubeObject, type kinds, memoryLog, openKernel } from '../../src/kernel/index.ts';
import { startNetwork } from '../../src/network/index.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
const CLASSES = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };
const POLL_MS = 40;

/** The runtimes of this machine behind one kernel; each `cri` pod runs in a containerd of its own node. */
export class MatrixNode implements AsyncDisposable {
  readonly client: Client;
  readonly folder: string;
  readonly handlers: readonly string[];
  readonly #stack: AsyncDisposableStack;

  private constructor(client: Client, folder: string, handlers: readonly string[], stack: AsyncDisposableStack) {
    this.client = client;
    this.folder = folder;
    this.handlers = handlers;
    this.#stack = stack;
  }

  /** `containerd`: start one, and run `cri` pods in it. */
  static async start(folder: string, containerd: boolean): Promise<MatrixNode> {
    await using stack = new AsyncDisposableStack();
    const [clock, random] = [systemClock, systemRandom()];
    const archives = await makeImages(join(folder, 'build'), join(folder, 'images'));
    const kernel = stack.use(await openKernel({ log: memoryLog(), clock, random }));
    const client = kernel.client();
    const id = stateId(`${folder}${randomBytes(4).toString('hex')}`);
    const plan = addressPlan(id);
    const network = await startNetwork({
      client,
      clock,
      random,
      nodeName: 'local',
      stateId: id,
      folder: join(folder, 'network'),
      podCidrs: firstRanges(plan),
      serviceCidrs: plan.serviceCidrs,
      dnsAddresses: plan.dns,
    });
    stack.defer(() => network.remove());
    const { images } = stack.use(await openImages({ folder: join(folder, 'images') }));
    const keeper = stack.use(await openKeeper({ folder: join(folder, 'keeper') }));
    stack.defer(() => keeper.shutdown());
    const cgroups = openCgroups(`tenon-matrix-${id}`);
    stack.defer(() => cgroups.remove(''));
    const runtimes = await openRuntimes({
      keeper,
      cgroups,
      clock,
      folder: handler => join(folder, 'runtimes', handler),
      report: () => {},
    });
    stack.defer(() => clear(runtimes.values()));
    const agent = (nodeName: string, use: RuntimeRegistry, from: ImageStore, net: PodNetwork) =>
      startAgent({
        client,
        clock,
        random,
        nodeName,
        stateFolder: join(folder, nodeName),
        addresses: ['127.0.0.1'],
        runtimes: use,
        images: from,
        network: net,
        volumes: { publish: () => Promise.reject(new Error('none')), unpublish: () => Promise.resolve() },
        ...hostMounts(),
      });
    stack.use(await agent('local', runtimes, images, network.podNetwork));
    const handlers = [...runtimes.keys()].filter(name => name !== '' && name !== 'wasm');
    if (containerd) {
      const running = stack.use(await startContainerd(join(folder, 'containerd'), archives, '10.251.9.0/24'));
      const runtime = stack.use(await CriRuntime.open({ endpoint: running.endpoint, clock }));
      stack.defer(() => clear([runtime]));
      const both = new Map([
        ['', runtime],
        ['cri', runtime],
      ] as const);
      const net = criNetwork([runtime], ['127.0.0.1']);
      stack.use((await agent('cri', both, criImages(runtime.client), net)) satisfies Agent);
      handlers.push('cri');
    }
    for (const handler of handlers) {
      const object = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: handler }, handler };
      await client.create(CLASSES, object);
    }
    return new MatrixNode(client, folder, handlers, stack.move());
  }

  async create(name: string, handler: string, pod: Readonly<Record<string, unknown>>): Promise<void> {
    const { metadata, ...spec } = pod;
    await this.client.create(
      PODS,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', ...(metadata as object | undefined) },
        spec: {
          nodeName: handler === 'cri' ? 'cri' : 'local',
          runtimeClassName: handler,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          restartPolicy: 'Never',
          ...spec,
        },
      } as unknown as KubeObject,
      { namespace: 'default' },
    );
  }

  async get(name: string): Promise<kinds.Pod> {
    return (await this.client.get(PODS, { name, namespace: 'default' })) as unknown as kinds.Pod;
  }

  /** Waits for a state of a pod; tells the last one when it takes too long. */
  async until(name: string, holds: (pod: kinds.Pod) => boolean, timeout_ms: number): Promise<kinds.Pod> {
    const late_ms = performance.now() + timeout_ms;
    for (;;) {
      const pod = await this.get(name);
      if (holds(pod)) return pod;
      if (performance.now() > late_ms) throw new Error(`${name} stays ${JSON.stringify(pod.status)}`);
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
  }

  async delete(name: string): Promise<void> {
    await this.client.delete(PODS, { name, namespace: 'default' }).catch(() => undefined);
  }

  /** What a container's last run wrote. */
  log(pod: kinds.Pod, container: string, attempt = 0): string {
    const node = pod.spec?.nodeName ?? '';
    const { namespace, name, uid } = pod.metadata;
    const path = join(this.folder, node, 'logs', `${namespace}_${name}_${uid}`, container, `${attempt}.log`);
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    return lines.map(line => line.split(' ').slice(3).join(' ')).join('\n');
  }

  /** A folder of the machine for hostPath volumes. */
  scratch(name: string): string {
    const path = join(this.folder, 'scratch', name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function clear(runtimes: Iterable<ContainerRuntime>): Promise<void> {
  for (const runtime of new Set(runtimes))
    for (const { spec } of await runtime.listSandboxes()) await runtime.removeSandbox(spec.id).catch(() => {});
}
