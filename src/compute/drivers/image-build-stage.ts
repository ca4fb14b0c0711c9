import { posix } from 'node:path';
import { type Instruction, type Pair, RecipeError } from '../build/recipe.ts';
import { substitute } from '../build/words.ts';
import type { ImageConfig, Platform } from '../images/manifest.ts';
import { imageFaults } from '../images/faults.ts';
import { HOST_NODE_ENVIRONMENT, hostNodeLayer } from './image-host-node.ts';
import type { LayerCompression, LayerFile, NewLayer } from './image-layer-tar.ts';
import type { NodeImages } from './image-store.ts';

/** Base names with a meaning of their own. */
const SCRATCH = 'scratch';
const HOST_NODE = 'host-node';

const EMPTY: ImageConfig = {
  platform: { os: '', architecture: '' },
  env: [],
  entrypoint: [],
  cmd: [],
  workingDir: '',
  user: '',
  labels: {},
  exposedPorts: [],
  volumes: [],
  diffIds: [],
};

/** One FROM and what was added to it so far. */
export class BuildStage {
  readonly name: string | undefined;
  readonly args = new Map<string, string>();
  readonly layers: NewLayer[];
  shell: readonly string[] = ['/bin/sh', '-c'];
  readonly #env: Map<string, string>;
  readonly #labels: Map<string, string>;
  readonly #ports: Set<string>;
  readonly #volumes: Set<string>;
  readonly #folders = new Set<string>(['/']);
  #entrypoint: readonly string[];
  #cmd: readonly string[];
  #cmdIsOwn = false;
  #workingDir: string;
  #user: string;
  #stopSignal: string | undefined;

  private constructor(name: string | undefined, layers: readonly NewLayer[], config: ImageConfig) {
    this.name = name?.toLowerCase();
    this.layers = [...layers];
    this.#env = new Map(config.env.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
    this.#labels = new Map(Object.entries(config.labels));
    this.#ports = new Set(config.exposedPorts);
    this.#volumes = new Set(config.volumes);
    this.#entrypoint = config.entrypoint;
    this.#cmd = config.cmd;
    this.#workingDir = config.workingDir;
    this.#user = config.user;
    this.#stopSignal = config.stopSignal;
  }

  /** Starts from a base: nothing, the machine's own Node, or an image of the store. */
  static async of(
    images: NodeImages,
    base: string,
    name: string | undefined,
    compression: LayerCompression,
  ): Promise<BuildStage> {
    if (base === SCRATCH) return new BuildStage(name, [], EMPTY);
    if (base === HOST_NODE) {
      const layer = await hostNodeLayer(images.content, compression);
      const stage = new BuildStage(name, [layer], { ...EMPTY, env: HOST_NODE_ENVIRONMENT, cmd: ['node'] });
      for (const folder of ['/usr', '/usr/local', '/usr/local/bin', '/etc', '/tmp', '/home', '/home/node', '/root'])
        stage.#folders.add(folder);
      return stage;
    }
    const image = await images.find(base);
    if (!image) throw imageFaults.error('not-found', { reference: base });
    const layers = image.manifest.layers.map((descriptor, index) => ({
      descriptor,
      diffId: image.config.diffIds[index]!,
    }));
    return new BuildStage(name, layers, image.config);
  }

  /** A stage that starts where this one stands. */
  next(name: string | undefined): BuildStage {
    const stage = new BuildStage(name, this.layers, {
      ...EMPTY,
      ...this.#config(),
      labels: Object.fromEntries(this.#labels),
    });
    for (const folder of this.#folders) stage.#folders.add(folder);
    return stage;
  }

  get workingDir(): string {
    return this.#workingDir === '' ? '/' : this.#workingDir;
  }

  /** Replaces variables by build arguments and environment; the environment wins. */
  fill(text: string): string {
    return substitute(text, name => this.#env.get(name) ?? this.args.get(name));
  }

  /** What a RUN sees: arguments too, though they do not stay in the image. */
  environment(): string[] {
    return [...new Map([...this.args, ...this.#env])].map(([name, value]) => `${name}=${value}`);
  }

  isFolder(path: string): boolean {
    return this.#folders.has(path === '/' ? path : path.replace(/\/+$/, ''));
  }

  add(layer: NewLayer, files: readonly LayerFile[]): void {
    if (files.length === 0) return;
    this.layers.push(layer);
    for (const file of files) if (file.type === 'folder') this.#folders.add(`/${file.name.replace(/\/+$/, '')}`);
  }

  /** Applies an instruction that changes only the configuration. */
  apply(instruction: Instruction): void {
    const fillPairs = (pairs: readonly Pair[]): Pair[] => pairs.map(([name, value]) => [name, this.fill(value)]);
    switch (instruction.kind) {
      case 'env':
        for (const [name, value] of fillPairs(instruction.values)) this.#env.set(name, value);
        return;
      case 'label':
        for (const [name, value] of fillPairs(instruction.values)) this.#labels.set(name, value);
        return;
      case 'workdir':
        this.#workingDir = posix.resolve(this.workingDir, this.fill(instruction.path));
        return;
      case 'user':
        this.#user = this.fill(instruction.user);
        return;
      case 'expose':
        for (const port of instruction.ports) this.#ports.add(portOf(this.fill(port)));
        return;
      case 'volume':
        for (const path of instruction.paths) this.#volumes.add(this.fill(path));
        return;
      case 'entrypoint':
        this.#entrypoint = this.#words(instruction);
        // A CMD inherited from the base belonged to the base's entrypoint (Dockerfile reference).
        if (!this.#cmdIsOwn) this.#cmd = [];
        return;
      case 'cmd':
        this.#cmd = this.#words(instruction);
        this.#cmdIsOwn = true;
        return;
      case 'shell':
        this.shell = instruction.words;
        return;
      case 'stopsignal':
        this.#stopSignal = this.fill(instruction.signal);
        return;
      default:
        throw new RecipeError(0, instruction.kind, 'it cannot stand here');
    }
  }

  /** Whether its program is WebAssembly: what an entrypoint that ends in .wasm says. */
  get isWasm(): boolean {
    const { entrypoint, cmd } = this.#config();
    return [...entrypoint, ...cmd][0]?.endsWith('.wasm') ?? false;
  }

  /** The image configuration file (image-spec config.md); keys in a fixed order. */
  configuration(platform: Platform, epoch_s: number): Record<string, unknown> {
    const { env, entrypoint, cmd, workingDir, user, stopSignal, exposedPorts, volumes } = this.#config();
    const set = (names: readonly string[]): Record<string, object> =>
      Object.fromEntries([...names].sort().map(name => [name, {}]));
    return {
      created: new Date(epoch_s * 1000).toISOString(),
      ...(this.isWasm ? { architecture: 'wasm', os: 'wasip1' } : { ...platform }),
      config: {
        ...(user ? { User: user } : {}),
        ...(exposedPorts.length ? { ExposedPorts: set(exposedPorts) } : {}),
        ...(env.length ? { Env: env } : {}),
        ...(entrypoint.length ? { Entrypoint: entrypoint } : {}),
        ...(cmd.length ? { Cmd: cmd } : {}),
        ...(volumes.length ? { Volumes: set(volumes) } : {}),
        ...(workingDir ? { WorkingDir: workingDir } : {}),
        ...(this.#labels.size
          ? { Labels: Object.fromEntries([...this.#labels].sort(([left], [right]) => (left < right ? -1 : 1))) }
          : {}),
        ...(stopSignal ? { StopSignal: stopSignal } : {}),
      },
      rootfs: { type: 'layers', diff_ids: this.layers.map(layer => layer.diffId) },
      history: this.layers.map(() => ({
        created: new Date(epoch_s * 1000).toISOString(),
        created_by: 'tenon image build',
      })),
    };
  }

  #config() {
    return {
      env: [...this.#env].map(([name, value]) => `${name}=${value}`),
      entrypoint: this.#entrypoint,
      cmd: this.#cmd,
      workingDir: this.#workingDir,
      user: this.#user,
      exposedPorts: [...this.#ports],
      volumes: [...this.#volumes],
      ...(this.#stopSignal ? { stopSignal: this.#stopSignal } : {}),
    };
  }

  #words(instruction: { readonly words: readonly string[]; readonly shell: boolean }): readonly string[] {
    return instruction.shell ? [...this.shell, instruction.words[0]!] : instruction.words;
  }
}

function portOf(text: string): string {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text);
  if (!match || Number(match[1]) > 65535) throw new RecipeError(0, text, 'it is no port');
  return `${match[1]}/${(match[2] ?? 'tcp').toLowerCase()}`;
}
