import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type ContentSource, CSI_METHODS, csiCodec } from '../messages.ts';

type Request = Readonly<Record<string, unknown>>;
type Volume = {
  size: number;
  readonly folder: string;
  readonly context: Readonly<Record<string, string>>;
  /** Loop device of a block volume while it is staged. */
  device?: string;
};

const isMounted = (path: string): boolean => readFileSync('/proc/mounts', 'utf8').includes(` ${path} `);

const isBlock = (capability: unknown): boolean => (capability as { block?: object } | undefined)?.block !== undefined;

class Refusal extends Error {
  readonly code: status;
  readonly details: string;
  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

/** A CSI driver for tests: folders of the machine, shown by bind mounts, and files as loop devices; every optional step is asked for. */
export class FolderDriver implements AsyncDisposable {
  readonly name = 'folders.tenon.test';
  /** `METHOD volume` of every call that changed something. */
  readonly calls: string[] = [];
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, { readonly of: string; readonly size: number; asked: number }>();
  readonly published: Request[] = [];
  readonly #attached = new Set<string>();
  readonly #folder: string;
  readonly #server = new Server();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(folder: string, socket: string): Promise<FolderDriver> {
    const driver = new FolderDriver(folder);
    mkdirSync(folder, { recursive: true });
    for (const service of ['Identity', 'Controller', 'Node']) driver.#serve(service);
    await new Promise<void>((resolve, reject) =>
      driver.#server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), error =>
        error ? reject(error) : resolve(),
      ),
    );
    return driver;
  }

  #serve(service: string): void {
    const definition: Record<string, object> = {};
    const implementation: UntypedServiceImplementation = {};
    for (const [name, [of, input, output]] of Object.entries(CSI_METHODS)) {
      if (of !== service) continue;
      definition[name] = {
        path: `/csi.v1.${service}/${name}`,
        requestStream: false,
        responseStream: false,
        requestDeserialize: (bytes: Buffer) => csiCodec.decode(input, bytes),
        requestSerialize: (value: object) => csiCodec.encode(input, value),
        responseSerialize: (value: object) => csiCodec.encode(output, value),
        responseDeserialize: (bytes: Buffer) => csiCodec.decode(output, bytes),
      };
      implementation[name] = (call: { request: Request }, answer: (error: Error | null, value?: object) => void) => {
        try {
          answer(null, this.#answer(name, call.request));
        } catch (error) {
          answer(error as Error);
        }
      };
    }
    this.#server.addService(definition as never, implementation);
  }

  #answer(name: string, request: Request): object {
    const id = String(request.volumeId ?? '');
    if (!/^Get|Probe|GetCapabilities|GetInfo/.test(name)) this.calls.push(`${name} ${id || request.name}`);
    const rpc = (...types: number[]) => ({ capabilities: types.map(type => ({ rpc: { type } })) });
    switch (name) {
      case 'GetPluginInfo':
        return { name: this.name, vendorVersion: '1' };
      case 'GetPluginCapabilities':
        return { capabilities: [{ service: { type: 1 } }] };
      case 'ControllerGetCapabilities':
        return rpc(1, 2, 5, 6, 7, 9);
      case 'NodeGetCapabilities':
        return rpc(1, 3);
      case 'NodeGetInfo':
        return { nodeId: 'this', maxVolumesPerNode: 7, accessibleTopology: { segments: { 'tenon.test/rack': 'r1' } } };
      case 'CreateVolume':
        return this.#create(request);
      case 'DeleteVolume':
        rmSync(join(this.#folder, id), { recursive: true, force: true });
        this.volumes.delete(id);
        return {};
      case 'CreateSnapshot':
        return this.#snapshot(request);
      case 'DeleteSnapshot':
        rmSync(join(this.#folder, String(request.snapshotId)), { recursive: true, force: true });
        this.snapshots.delete(String(request.snapshotId));
        return {};
      case 'ListSnapshots':
        return {
          entries: this.snapshots.has(String(request.snapshotId))
            ? [{ snapshot: this.#shown(String(request.snapshotId)) }]
            : [],
        };
      case 'ControllerPublishVolume':
        this.#attached.add(id);
        return { publishContext: { disk: `of-${id}` } };
      case 'ControllerUnpublishVolume':
        this.#attached.delete(id);
        return {};
      case 'ControllerExpandVolume':
        this.#volume(id).size = Number((request.capacityRange as { requiredBytes: number }).requiredBytes);
        return { capacityBytes: this.#volume(id).size, nodeExpansionRequired: true };
      default:
        return this.#onNode(name, id, request);
    }
  }

  /** A copy of the folder; ready only when asked about a second time, as drivers are that upload it. */
  #snapshot(request: Request): object {
    const of = String(request.sourceVolumeId);
    const id = `s-${String(request.name)}`;
    const known = this.snapshots.get(id);
    if (known) known.asked++;
    else {
      const { folder, size } = this.#volume(of);
      cpSync(folder, join(this.#folder, id), { recursive: true });
      this.snapshots.set(id, { of, size, asked: 1 });
    }
    return { snapshot: this.#shown(id) };
  }

  #shown(id: string): object {
    const { of, size, asked } = this.snapshots.get(id)!;
    const creationTime = { seconds: 1_700_000_000, nanos: 0 };
    return { snapshotId: id, sourceVolumeId: of, sizeBytes: size, creationTime, readyToUse: asked > 1 };
  }

  #create(request: Request): object {
    const id = `v-${String(request.name)}`;
    const folder = join(this.#folder, id);
    mkdirSync(folder, { recursive: true });
    const contentSource = request.volumeContentSource as ContentSource | undefined;
    const from = contentSource?.snapshot?.snapshotId ?? contentSource?.volume?.volumeId;
    if (from !== undefined) cpSync(join(this.#folder, from), folder, { recursive: true });
    const context = request.parameters as Record<string, string>;
    const size = Number((request.capacityRange as { requiredBytes: number }).requiredBytes);
    if (isBlock((request.volumeCapabilities as Request[])[0]) && from === undefined) {
      writeFileSync(join(folder, 'disk'), '');
      truncateSync(join(folder, 'disk'), size);
    }
    this.volumes.set(id, { size, folder, context });
    const accessibleTopology = [{ segments: { 'tenon.test/rack': 'r1' } }];
    return { volume: { volumeId: id, capacityBytes: size, volumeContext: context, accessibleTopology, contentSource } };
  }

  #loop(volume: Volume): void {
    volume.device ??= execFileSync('losetup', ['-f', '--show', join(volume.folder, 'disk')], {
      encoding: 'utf8',
    }).trim();
  }

  #volume(id: string): Volume {
    const found = this.volumes.get(id);
    if (!found) throw new Refusal(status.NOT_FOUND, `no volume ${id}`);
    return found;
  }

  #onNode(name: string, id: string, request: Request): object {
    const [staging, target] = [String(request.stagingTargetPath ?? ''), String(request.targetPath ?? '')];
    if (name === 'NodeStageVolume') {
      if (!this.#attached.has(id)) throw new Refusal(status.FAILED_PRECONDITION, `${id} is not attached`);
      if ((request.publishContext as { disk?: string }).disk !== `of-${id}`)
        throw new Refusal(status.INVALID_ARGUMENT, 'the publish context is not what was given');
      if (isBlock(request.volumeCapability)) this.#loop(this.#volume(id));
      else if (!isMounted(staging)) execFileSync('mount', ['--bind', this.#volume(id).folder, staging]);
    } else if (name === 'NodeUnstageVolume') {
      const volume = this.#volume(id);
      if (volume.device) execFileSync('losetup', ['-d', volume.device]);
      else execFileSync('umount', [staging]);
      delete volume.device;
    } else if (name === 'NodeExpandVolume') {
      const { device, folder, size } = this.#volume(id);
      if (isBlock(request.volumeCapability) !== (device !== undefined))
        throw new Refusal(status.INVALID_ARGUMENT, 'the volume is of the other mode');
      if (device) {
        truncateSync(join(folder, 'disk'), size);
        execFileSync('losetup', ['-c', device]);
      }
    } else if (name === 'NodePublishVolume' && isBlock(request.volumeCapability)) {
      this.published.push(request);
      if (!isMounted(target)) writeFileSync(target, '');
      if (!isMounted(target)) execFileSync('mount', ['--bind', this.#volume(id).device!, target]);
    } else if (name === 'NodePublishVolume') {
      this.published.push(request);
      const context = request.volumeContext as Record<string, string>;
      const isInline = context['csi.storage.k8s.io/ephemeral'] === 'true';
      if (isInline) mkdirSync(join(this.#folder, id), { recursive: true });
      mkdirSync(target, { recursive: true });
      if (!isMounted(target)) execFileSync('mount', ['--bind', isInline ? join(this.#folder, id) : staging, target]);
    } else if (name === 'NodeUnpublishVolume') {
      execFileSync('umount', [target]);
      rmSync(target, { recursive: true, force: true });
    }
    return {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    await Promise.resolve();
  }
}
