import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { rm } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import { parseDockerfile } from '../build/dockerfile.ts';
import { parseIgnore } from '../build/ignore.ts';
import { parseImageYaml } from '../build/image-yaml.ts';
import { type Instruction, type Recipe, RecipeError, type Step } from '../build/recipe.ts';
import { substitute } from '../build/words.ts';
import { imageFaults } from '../images/faults.ts';
import type { Platform } from '../images/manifest.ts';
import { OCI_CONFIG, OCI_MANIFEST, WASM_COMPAT, WASM_CONFIG, WASM_LAYER, WASM_VARIANT } from '../images/media.ts';
import { formatReference, parseReference } from '../images/reference.ts';
import { wasmForm } from '../images/wasm.ts';
import { type CopySource, copiedFiles } from './image-build-context.ts';
import { runInImage } from './image-build-run.ts';
import { BuildStage } from './image-build-stage.ts';
import { type LayerCompression, writeLayer } from './image-layer-tar.ts';
import { mergeLayers } from './image-merge.ts';
import type { NodeImages } from './image-store.ts';
import type { RefTarget } from './image-refs.ts';

export interface BuildOptions {
  readonly images: NodeImages;
  /** The build context. */
  readonly folder: string;
  /** Dockerfile or image.yaml, relative to the folder; found by name when absent. */
  readonly file?: string;
  readonly names?: readonly string[];
  readonly args?: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly compression?: LayerCompression;
  /** Seconds every file and the image itself are dated with (SOURCE_DATE_EPOCH). */
  readonly epoch_s?: number;
  /** Stops at this stage. */
  readonly stage?: string;
  readonly output?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface Built {
  readonly target: RefTarget;
  readonly references: readonly string[];
}

const RECIPE_BYTES_MAX = 1024 * 1024;
const CANDIDATES = ['image.yaml', 'Dockerfile', 'Containerfile'];

/** Builds an image from a folder. The same folder gives the same digest. */
export async function buildImage(options: BuildOptions): Promise<Built> {
  const file = options.file ?? CANDIDATES.find(name => fs.existsSync(join(options.folder, name)));
  const path = file && (isAbsolute(file) ? file : join(options.folder, file));
  if (!path || !fs.existsSync(path))
    throw imageFaults.error('build-syntax', {
      instruction: options.folder,
      why: `there is no ${options.file ?? CANDIDATES.join(' or ')} in it`,
    });
  if (fs.statSync(path).size > RECIPE_BYTES_MAX) throw imageFaults.error('too-large', { what: path, limit: '1 MiB' });
  const text = fs.readFileSync(path, 'utf8');
  const builder = new Builder(options, path);
  let line = 1;
  try {
    const recipe = /\.ya?ml$/.test(path) ? parseImageYaml(text) : parseDockerfile(text);
    return await builder.build(recipe, step => {
      line = step.line;
    });
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    throw imageFaults.error(
      'build-syntax',
      { instruction: error.text.slice(0, 200), why: error.message },
      { file: path, line: error.line || line, column: 1 },
    );
  } finally {
    await builder.clean();
  }
}

class Builder {
  readonly #options: BuildOptions;
  readonly #mtime: number;
  readonly #compression: LayerCompression;
  readonly #stages: BuildStage[] = [];
  readonly #folders: string[] = [];
  readonly #context: CopySource;
  readonly #globals = new Map<string, string>();

  constructor(options: BuildOptions, recipe: string) {
    this.#options = options;
    this.#mtime = options.epoch_s ?? 0;
    this.#compression = options.compression ?? 'zstd';
    const ignore = [`${recipe}.dockerignore`, join(options.folder, '.dockerignore')].find(file => fs.existsSync(file));
    this.#context = {
      root: fs.realpathSync(options.folder),
      ignored: ignore ? parseIgnore(fs.readFileSync(ignore, 'utf8')) : () => false,
      exact: false,
    };
  }

  async clean(): Promise<void> {
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async build(recipe: Recipe, at: (step: Step) => void): Promise<Built> {
    const names = this.#options.names?.length ? this.#options.names : recipe.names;
    const references = names.map(name => parseReference(name));
    if (references.length === 0)
      throw new RecipeError(1, '', 'the image has no name; give one with -t NAME:TAG or "name:" in image.yaml');
    const { content } = this.#options.images;
    const [manifest, mediaType] =
      recipe.wasm === undefined ? await this.#layers(recipe, at) : await this.#wasm(recipe.wasm);
    let target: RefTarget | undefined;
    for (const reference of references)
      target = await content.putManifest(
        reference,
        Buffer.from(JSON.stringify(manifest)),
        mediaType,
        reference.tag ?? 'latest',
      );
    return { target: target!, references: references.map(formatReference) };
  }

  async #layers(recipe: Recipe, at: (step: Step) => void): Promise<[Record<string, unknown>, string]> {
    for (const step of recipe.steps) {
      this.#options.signal?.throwIfAborted();
      at(step);
      this.#options.output?.(`${step.text}\n`);
      if (step.instruction.kind === 'from' && this.#options.stage && this.#stages.at(-1)?.name === this.#options.stage)
        break;
      await this.#step(step);
    }
    const stage = this.#options.stage
      ? this.#stages.find(candidate => candidate.name === this.#options.stage)
      : this.#stages.at(-1);
    if (!stage) throw new RecipeError(1, this.#options.stage ?? '', 'there is no such stage');
    const { content } = this.#options.images;
    const config = await content.blobs.put(JSON.stringify(stage.configuration(this.#options.platform, this.#mtime)));
    return [
      {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: OCI_CONFIG, ...config },
        layers: stage.layers.map(layer => layer.descriptor),
        ...(stage.isWasm ? { annotations: { [WASM_VARIANT]: WASM_COMPAT } } : {}),
      },
      OCI_MANIFEST,
    ];
  }

  /** CNCF "Wasm OCI artifact" layout: a small config that says what the module is, and the module as the only layer. */
  async #wasm(file: string): Promise<[Record<string, unknown>, string]> {
    const path = join(this.#context.root, posix.normalize(`/${file}`));
    if (!fs.existsSync(path)) throw new RecipeError(1, file, 'there is no such file');
    const binary = fs.readFileSync(path);
    const form = wasmForm(binary);
    if (!form) throw new RecipeError(1, file, 'it is no WebAssembly binary');
    const { blobs } = this.#options.images.content;
    const layer = await blobs.put(binary);
    const config = await blobs.put(
      JSON.stringify({
        created: new Date(this.#mtime * 1000).toISOString(),
        architecture: 'wasm',
        os: form === 'component' ? 'wasip2' : 'wasip1',
        layerDigests: [layer.digest],
      }),
    );
    return [
      {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: WASM_CONFIG, ...config },
        layers: [{ mediaType: WASM_LAYER, ...layer }],
      },
      OCI_MANIFEST,
    ];
  }

  async #step(step: Step): Promise<void> {
    const stage = this.#stages.at(-1);
    const { instruction } = step;
    if (instruction.kind === 'from') return this.#from(instruction);
    if (!stage) {
      if (instruction.kind === 'arg')
        this.#globals.set(
          instruction.name,
          this.#options.args?.[instruction.name] ?? this.#fill(instruction.value ?? ''),
        );
      return;
    }
    switch (instruction.kind) {
      case 'arg': {
        const given =
          this.#options.args?.[instruction.name] ??
          (instruction.value === undefined ? this.#globals.get(instruction.name) : stage.fill(instruction.value));
        if (given !== undefined) stage.args.set(instruction.name, given);
        return;
      }
      case 'copy':
        return this.#copy(stage, instruction);
      case 'run':
        return this.#run(stage, instruction);
      default:
        stage.apply(instruction);
    }
  }

  #fill(text: string): string {
    return substitute(text, name => this.#globals.get(name));
  }

  async #from(instruction: Extract<Instruction, { kind: 'from' }>): Promise<void> {
    const image = this.#fill(instruction.image);
    const earlier = this.#stages.find(stage => stage.name === image.toLowerCase());
    const stage = earlier
      ? earlier.next(instruction.name)
      : await BuildStage.of(this.#options.images, image, instruction.name, this.#compression);
    this.#stages.push(stage);
  }

  async #copy(stage: BuildStage, instruction: Extract<Instruction, { kind: 'copy' }>): Promise<void> {
    const source =
      instruction.from === undefined ? this.#context : await this.#stageFiles(stage.fill(instruction.from));
    const owner = instruction.chown === undefined ? { uid: 0, gid: 0 } : ownerOf(stage.fill(instruction.chown));
    const raw = stage.fill(instruction.target);
    const target = raw.startsWith('/') ? raw : posix.join(stage.workingDir, raw) + (/(^|\/)\.?$/.test(raw) ? '/' : '');
    const files = copiedFiles(source, {
      sources: instruction.sources.map(text => stage.fill(text)),
      target,
      ...owner,
      ...(instruction.chmod === undefined ? {} : { chmod: instruction.chmod }),
      isFolder: path => stage.isFolder(path),
    });
    if (instruction.extract && files.some(file => file.source && /\.tar(\.(gz|xz|bz2|zst))?$|\.tgz$/.test(file.source)))
      throw new RecipeError(
        0,
        instruction.sources.join(' '),
        'ADD does not unpack archives; unpack it first, or use COPY',
      );
    stage.add(await writeLayer(this.#options.images.content, files, this.#mtime, this.#compression), files);
  }

  async #run(stage: BuildStage, instruction: Extract<Instruction, { kind: 'run' }>): Promise<void> {
    const root = await this.#materialise(stage);
    const argv = instruction.shell ? [...stage.shell, instruction.words[0]!] : instruction.words;
    const files = await runInImage({
      root,
      argv,
      env: stage.environment(),
      workingDir: stage.workingDir,
      output: this.#options.output ?? (() => undefined),
      ...(this.#options.signal ? { signal: this.#options.signal } : {}),
    });
    stage.add(await writeLayer(this.#options.images.content, files, this.#mtime, this.#compression), files);
  }

  async #stageFiles(name: string): Promise<CopySource> {
    const stage = /^\d+$/.test(name)
      ? this.#stages[Number(name)]
      : this.#stages.find(candidate => candidate.name === name.toLowerCase());
    const found = stage ?? (await BuildStage.of(this.#options.images, name, undefined, this.#compression));
    return { root: await this.#materialise(found), ignored: () => false, exact: true };
  }

  async #materialise(stage: BuildStage): Promise<string> {
    const { images } = this.#options;
    const layers = await Promise.all(stage.layers.map(layer => images.layers.ensure(layer.diffId, layer.descriptor)));
    const root = join(images.content.root, 'ingest', `build-${randomUUID()}`);
    this.#folders.push(root);
    mergeLayers(layers, root, { privileged: process.getuid?.() === 0, link: false });
    return root;
  }
}

function ownerOf(text: string): { uid: number; gid: number } {
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  if (!match) throw new RecipeError(0, text, '--chown takes numbers: the same in every image');
  return { uid: Number(match[1]), gid: Number(match[2] ?? match[1]) };
}
