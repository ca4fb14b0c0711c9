import { join } from 'node:path';
import { FaultError } from '../../base/index.ts';
import { cdiEdits } from '../engine/cdi.ts';
import type { ContainerSpec, Mount } from '../model.ts';
import type { ImageRecord } from '../ports.ts';
import { checkpoint } from './checkpoint.ts';
import type { CriContext, Methods } from './context.ts';
import { invalid, notFound, wrongState } from './errors.ts';
import {
  type ContainerConfig,
  ContainerState,
  type ContainerStatusResponse,
  type LinuxContainerResources,
  NamespaceMode,
  Signal,
} from './generated/api.ts';
import { askedDevices, readCdi } from './cdi.ts';
import { mountImages, releaseImages } from './image-mounts.ts';
import { lowerDevices, lowerMounts } from './mounts.ts';
import type { ContainerEntry, SandboxEntry } from './records.ts';
import { isCheckpoint, openCheckpoint, releaseCheckpoint, type Restored } from './restore.ts';
import { readySandbox } from './sandboxes.ts';
import { lowerAccount, lowerSecurity } from './security.ts';
import { containerOf, containerStatus, labelsMatch, lowerResources, stateOf, tell } from './status.ts';
import type { Written } from './codec.ts';

const MS_PER_S = 1000;
const PIDS: Readonly<Record<number, NonNullable<ContainerSpec['pids']>>> = {
  [NamespaceMode.POD]: 'pod',
  [NamespaceMode.NODE]: 'machine',
};
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `SIGRTMINPLUS3` is `SIGRTMIN+3` everywhere else. */
function signalOf(number: number, image: ImageRecord): string {
  const name = Object.entries(Signal).find(([, value]) => value === number)?.[0];
  if (!name || number === Signal.RUNTIME_DEFAULT) return image.config.stopSignal ?? 'SIGTERM';
  return name.replace(
    /^(SIGRTM(?:IN|AX))(PLUS|MINUS)(\d+)$/,
    (_, base: string, sign: string, by: string) => `${base}${sign === 'PLUS' ? '+' : '-'}${by}`,
  );
}

/** Later values replace earlier ones, in place. */
function environmentOf(config: ContainerConfig, image: ImageRecord, host: string): [string, string][] {
  const variables = new Map<string, string>([['PATH', DEFAULT_PATH]]);
  if (host) variables.set('HOSTNAME', host);
  for (const entry of image.config.environment) {
    const equals = entry.indexOf('=');
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  for (const { key, value } of config.envs) variables.set(key, Buffer.from(value).toString());
  return [...variables];
}

function argsOf(config: ContainerConfig, image: ImageRecord): string[] {
  const { entrypoint, command } = image.config;
  const head = config.command.length > 0 ? config.command : entrypoint;
  const tail = config.args.length > 0 ? config.args : config.command.length > 0 ? [] : command;
  const args = [...head, ...tail];
  if (args.length === 0 && image.kind === 'oci') throw invalid('no command specified');
  return args;
}

/** What a changed limit leaves of the old ones: zero and empty mean "as it is". */
function mergeResources(
  before: Written<LinuxContainerResources> | undefined,
  change: LinuxContainerResources,
): LinuxContainerResources {
  const said = Object.entries(change).filter(([, value]) => value !== 0 && value !== '');
  return { ...change, ...before, ...Object.fromEntries(said) } as LinuxContainerResources;
}

/** Containers: from CRI's configuration to a runtime's, and their life. */
export class ContainerMethods {
  readonly #context: CriContext;

  constructor(context: CriContext) {
    this.#context = context;
  }

  methods(): Methods<
    | 'CreateContainer'
    | 'StartContainer'
    | 'StopContainer'
    | 'RemoveContainer'
    | 'ListContainers'
    | 'ContainerStatus'
    | 'UpdateContainerResources'
    | 'ReopenContainerLog'
    | 'CheckpointContainer'
  > {
    const { containers } = this.#context;
    return {
      CreateContainer: ({ podSandboxId, config }) => this.#create(podSandboxId, config),
      StartContainer: async ({ containerId }) => this.#start(containers.get(containerId)),
      StopContainer: async ({ containerId, timeout }) => {
        const entry = containers.find(containerId);
        if (entry) await this.#stop(entry, timeout);
        return {};
      },
      RemoveContainer: async ({ containerId }) => {
        const entry = containers.find(containerId);
        if (entry) await this.#remove(entry);
        return {};
      },
      ListContainers: async ({ filter }) => {
        const found = [];
        const sandbox = filter?.podSandboxId ? this.#context.sandboxes.find(filter.podSandboxId) : undefined;
        for (const entry of containers.all()) {
          if (filter?.id && containers.find(filter.id) !== entry) continue;
          if (filter?.podSandboxId && entry.sandboxId !== sandbox?.id) continue;
          if (!labelsMatch(filter?.labelSelector, entry.config.labels)) continue;
          const status = await this.#context.statusOf(entry);
          if (!filter?.state || filter.state.state === stateOf(status)) found.push(containerOf(entry, status));
        }
        return { containers: found };
      },
      ContainerStatus: ({ containerId, verbose }) => this.#status(containers.get(containerId), verbose),
      UpdateContainerResources: ({ containerId, linux }) => this.#update(containers.get(containerId), linux),
      ReopenContainerLog: async ({ containerId }) => {
        const { entry } = await this.running(containerId);
        await this.#context.runtimeOf(entry).reopenLog(entry.id);
        return {};
      },
      CheckpointContainer: async ({ containerId, location, timeout }) => {
        const { entry } = await this.running(containerId);
        const write = (): Promise<void> => checkpoint(this.#context, entry, location, timeout);
        await this.#context.reserve(`checkpoint of ${entry.id}`, () => false, write);
        return {};
      },
    };
  }

  /** A container that is running, or the refusal that says it is not. */
  async running(id: string): Promise<{ entry: ContainerEntry; sandbox: SandboxEntry }> {
    const entry = this.#context.containers.get(id);
    const state = stateOf(await this.#context.statusOf(entry));
    if (state !== ContainerState.CONTAINER_RUNNING)
      throw wrongState(`container "${id}" is in ${Object.keys(ContainerState)[state] ?? 'an unknown'} state`);
    return { entry, sandbox: this.#context.sandboxes.get(entry.sandboxId) };
  }

  async #create(podSandboxId: string, config: ContainerConfig | undefined): Promise<{ containerId: string }> {
    if (!config?.metadata?.name) throw invalid('container config must have metadata with a name');
    const { metadata } = config;
    const sandbox = await readySandbox(this.#context, podSandboxId);
    const name = `${metadata.name}_${sandbox.id}_${metadata.attempt}`;
    const taken = (): boolean =>
      this.#context
        .containersOf(sandbox.id)
        .some(({ config: { metadata: other } }) => other?.name === metadata.name && other.attempt === metadata.attempt);
    return this.#context.reserve(name, taken, () => this.#make(sandbox, config));
  }

  async #make(sandbox: SandboxEntry, config: ContainerConfig): Promise<{ containerId: string }> {
    const { images, clock } = this.#context.options;
    const reference = config.image?.image ?? '';
    const id = this.#context.newId();
    const volumes: string[] = [];
    try {
      const restored = isCheckpoint(reference)
        ? await openCheckpoint(this.#context, reference, id, sandbox.handler)
        : undefined;
      if (restored && restored.terminal !== config.tty)
        throw invalid('a checkpoint keeps its terminal, or its lack of one');
      const image = restored?.image ?? (reference ? await images.resolve(reference) : undefined);
      if (!image) throw notFound('image', reference);
      const shown = await mountImages(this.#context, config.mounts, sandbox.id, volumes);
      const spec = await this.#lower(id, sandbox, config, image, shown, clock.now(), restored);
      await this.#context.runtime(sandbox.handler).createContainer(spec);
      const { account } = spec;
      const entry: ContainerEntry = {
        id,
        sandboxId: sandbox.id,
        config,
        imageId: image.id,
        imageRef: image.digests[0] ?? image.id,
        mounts: config.mounts,
        user: { uid: account.uid, gid: account.gid, supplementalGroups: account.groups },
        logPath: spec.logPath === '/dev/null' ? '' : spec.logPath,
        createdAt_ms: spec.createdAt_ms,
        stopSignal: spec.stopSignal,
        volumes,
      };
      this.#context.containers.save(entry);
    } catch (error) {
      await releaseImages(this.#context, sandbox.id, id, volumes);
      await releaseCheckpoint(this.#context, id);
      throw error;
    }
    await tell(this.#context, 'CONTAINER_CREATED_EVENT', id, sandbox);
    return { containerId: id };
  }

  async #lower(
    id: string,
    sandbox: SandboxEntry,
    config: ContainerConfig,
    image: ImageRecord,
    shown: readonly Mount[],
    createdAt_ms: number,
    restored: Restored | undefined,
  ): Promise<ContainerSpec> {
    const { images } = this.#context.options;
    const linux = config.linux;
    const context = linux?.securityContext;
    const pod = sandbox.config.linux?.securityContext?.namespaceOptions;
    const target = context?.namespaceOptions?.pid === NamespaceMode.TARGET ? context.namespaceOptions.targetId : '';
    const account = await lowerAccount(context, image, images);
    const cdi = cdiEdits(await readCdi(this.#context.options.cdiFolders), askedDevices(config));
    const environment = environmentOf(config, image, sandbox.config.hostname);
    environment.push(...cdi.environment.map(([name, value]): [string, string] => [name, value]));
    if (!environment.some(([name]) => name === 'HOME')) environment.push(['HOME', account.home ?? '/']);
    const args = restored?.spec.args ?? argsOf(config, image);
    const mounts = lowerMounts(config, shown, this.#context.folderOf(sandbox.id), pod?.ipc === NamespaceMode.NODE);
    const folder = sandbox.config.logDirectory;
    return {
      id,
      sandboxId: sandbox.id,
      pids: PIDS[context?.namespaceOptions?.pid ?? NamespaceMode.POD] ?? 'own',
      ...(target ? { pidTarget: (await this.running(target)).entry.id } : {}),
      name: config.metadata?.name ?? '',
      attempt: config.metadata?.attempt ?? 0,
      image: config.image?.image ?? '',
      imageId: image.id,
      rootfs: await images.prepareRootfs(image.id, id),
      args,
      environment,
      workingFolder: config.workingDir || image.config.workingFolder || '/',
      account: { ...account, groups: [...new Set([...account.groups, ...cdi.groups])] },
      mounts: [...mounts, ...cdi.mounts.map(mount => ({ ...mount, kind: 'bind' as const }))],
      devices: [...lowerDevices(config), ...cdi.devices],
      ...(Object.keys(cdi.hooks).length > 0 ? { hooks: cdi.hooks } : {}),
      security: lowerSecurity(context),
      resources: lowerResources(linux?.resources),
      tty: config.tty,
      stdin: config.stdin,
      stdinOnce: config.stdinOnce,
      stopSignal: signalOf(config.stopSignal, image),
      logPath: folder && config.logPath ? join(folder, config.logPath) : '/dev/null',
      labels: config.labels,
      annotations: config.annotations,
      createdAt_ms,
      ...restored?.spec,
    };
  }

  async #start(entry: ContainerEntry): Promise<Written<object>> {
    const status = await this.#context.statusOf(entry);
    if (status?.state !== 'created')
      throw wrongState(`container "${entry.id}" is in ${Object.keys(ContainerState)[stateOf(status)]} state`);
    const sandbox = await readySandbox(this.#context, entry.sandboxId);
    await this.#context.runtime(sandbox.handler).startContainer(entry.id);
    return {};
  }

  async #stop(entry: ContainerEntry, timeout_s: number): Promise<void> {
    await this.#context.runtimeOf(entry).stopContainer(entry.id, Math.max(0, timeout_s) * MS_PER_S);
  }

  async #remove(entry: ContainerEntry): Promise<void> {
    const { containers, sandboxes } = this.#context;
    const sandbox = sandboxes.find(entry.sandboxId);
    if (sandbox) await this.#context.runtime(sandbox.handler).removeContainer(entry.id);
    await releaseImages(this.#context, entry.sandboxId, entry.id, entry.volumes);
    await releaseCheckpoint(this.#context, entry.id);
    containers.remove(entry.id);
    if (sandbox) await tell(this.#context, 'CONTAINER_DELETED_EVENT', entry.id, sandbox);
  }

  async #status(entry: ContainerEntry, verbose: boolean): Promise<Written<ContainerStatusResponse>> {
    const status = await this.#context.statusOf(entry);
    const info = { sandboxID: entry.sandboxId, pid: status?.pid ?? 0, config: entry.config, runtimeSpec: status?.spec };
    return { status: containerStatus(entry, status), info: verbose ? { info: JSON.stringify(info) } : {} };
  }

  async #update(entry: ContainerEntry, change: LinuxContainerResources | undefined): Promise<Written<object>> {
    const status = await this.#context.statusOf(entry);
    if (status?.state !== 'created' && status?.state !== 'running')
      throw wrongState(`container "${entry.id}" is in ${Object.keys(ContainerState)[stateOf(status)]} state`);
    if (!change) return {};
    const resources = mergeResources(entry.config.linux?.resources, change);
    try {
      await this.#context.runtimeOf(entry).updateResources(entry.id, lowerResources(resources));
    } catch (error) {
      if (error instanceof FaultError) throw wrongState(error.message);
      throw error;
    }
    const linux = entry.config.linux ?? {};
    entry.config = { ...entry.config, linux: { ...linux, resources } };
    this.#context.containers.save(entry);
    return {};
  }
}
