import { type Digest, parseDigest } from './digest.ts';
import { imageFaults } from './faults.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from './media.ts';

/** OCI image-spec descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
}

export interface ImageManifest {
  readonly form: 'manifest';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly form: 'index';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The parts of an image configuration that running a container needs (image-spec config.md). */
export interface ImageConfig {
  readonly platform: Platform;
  readonly created?: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly stopSignal?: string;
  readonly diffIds: readonly Digest[];
}

/** Larger manifests are refused, as registries do (distribution-spec: at least 4 MiB must be accepted). */
export const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const LAYERS_MAX = 1024;

type Foreign = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Foreign =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function textRecord(value: unknown): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  if (isRecord(value))
    for (const [key, text] of Object.entries(value)) if (typeof text === 'string') record[key] = text;
  return record;
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** JSON text to an object; the fault names the manifest. */
export function parseJsonObject(bytes: Uint8Array, name: string): Foreign {
  if (bytes.length > MANIFEST_BYTES_MAX)
    throw imageFaults.error('too-large', { what: name, limit: `${MANIFEST_BYTES_MAX} bytes` });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw imageFaults.error('bad-manifest', { digest: name, why: (error as Error).message });
  }
  if (!isRecord(value)) throw imageFaults.error('bad-manifest', { digest: name, why: 'it is no JSON object' });
  return value;
}

function parsePlatform(value: unknown): Platform | undefined {
  if (!isRecord(value)) return undefined;
  const variant = text(value.variant);
  const version = text(value['os.version']);
  return {
    os: text(value.os) ?? '',
    architecture: text(value.architecture) ?? '',
    ...(variant ? { variant } : {}),
    ...(version ? { 'os.version': version } : {}),
  };
}

/** Reads a descriptor; `where` names it in the fault. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const bad = (why: string): Error => imageFaults.error('bad-manifest', { digest: where, why });
  if (!isRecord(value)) throw bad('a descriptor is no object');
  const digest = parseDigest(String(value.digest));
  if (!digest) throw bad(`descriptor digest "${String(value.digest).slice(0, 100)}" is malformed`);
  if (typeof value.size !== 'number' || !Number.isSafeInteger(value.size) || value.size < 0)
    throw bad('a descriptor size is no non-negative integer');
  if (typeof value.mediaType !== 'string') throw bad('a descriptor has no mediaType');
  const platform = parsePlatform(value.platform);
  const artifactType = text(value.artifactType);
  return {
    mediaType: value.mediaType,
    digest,
    size: value.size,
    ...(isRecord(value.annotations) ? { annotations: textRecord(value.annotations) } : {}),
    ...(platform ? { platform } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
}

/** The media type a body says it has, or the one its shape shows (Docker and OCI, schema 2 only). */
function mediaTypeOf(body: Foreign, given: string | undefined): string {
  if (typeof body.mediaType === 'string') return body.mediaType;
  if (given) return given;
  return Array.isArray(body.manifests) ? OCI_INDEX : OCI_MANIFEST;
}

/** Reads an image manifest or an index, OCI or Docker v2 schema 2. `given` is the Content-Type it came with. */
export function parseManifest(bytes: Uint8Array, name: string, given?: string): ImageManifest | ImageIndex {
  const body = parseJsonObject(bytes, name);
  const bad = (why: string): Error => imageFaults.error('bad-manifest', { digest: name, why });
  if (body.schemaVersion !== 2) throw bad(`schemaVersion ${String(body.schemaVersion)} is not 2`);
  const mediaType = mediaTypeOf(body, given);
  const artifactType = text(body.artifactType);
  const common = {
    mediaType,
    ...(artifactType ? { artifactType } : {}),
    ...(body.subject === undefined || body.subject === null ? {} : { subject: parseDescriptor(body.subject, name) }),
    annotations: textRecord(body.annotations),
  };
  // An ambiguous body (both lists) is refused: image-spec manifest.md, CVE-2021-41190.
  if (body.manifests !== undefined && (body.layers !== undefined || body.config !== undefined))
    throw bad('it is a manifest and an index at once');
  if (mediaType === OCI_INDEX || mediaType === DOCKER_LIST) {
    if (!Array.isArray(body.manifests)) throw bad('"manifests" is no list');
    if (body.manifests.length > LAYERS_MAX) throw bad(`it lists more than ${LAYERS_MAX} manifests`);
    return { form: 'index', ...common, manifests: body.manifests.map(item => parseDescriptor(item, name)) };
  }
  if (mediaType !== OCI_MANIFEST && mediaType !== DOCKER_MANIFEST)
    throw bad(`media type "${mediaType.slice(0, 100)}" is not supported`);
  const layers = body.layers ?? [];
  if (!Array.isArray(layers)) throw bad('"layers" is no list');
  if (layers.length > LAYERS_MAX) throw bad(`it has more than ${LAYERS_MAX} layers`);
  return {
    form: 'manifest',
    ...common,
    config: parseDescriptor(body.config, name),
    layers: layers.map(item => parseDescriptor(item, name)),
  };
}

/** Reads an image configuration; absent fields become empty. */
export function parseConfig(bytes: Uint8Array, name: string): ImageConfig {
  const body = parseJsonObject(bytes, name);
  const run = isRecord(body.config) ? body.config : {};
  const rootfs = isRecord(body.rootfs) ? body.rootfs : {};
  const created = text(body.created);
  const stopSignal = text(run.StopSignal);
  return {
    platform: parsePlatform(body) ?? { os: '', architecture: '' },
    ...(created ? { created } : {}),
    env: texts(run.Env),
    entrypoint: texts(run.Entrypoint),
    cmd: texts(run.Cmd),
    workingDir: text(run.WorkingDir) ?? '',
    user: text(run.User) ?? '',
    labels: textRecord(run.Labels),
    exposedPorts: isRecord(run.ExposedPorts) ? Object.keys(run.ExposedPorts) : [],
    volumes: isRecord(run.Volumes) ? Object.keys(run.Volumes) : [],
    ...(stopSignal ? { stopSignal } : {}),
    diffIds: texts(rootfs.diff_ids).map(id => {
      const digest = parseDigest(id);
      if (!digest)
        throw imageFaults.error('bad-manifest', { digest: name, why: `diff id "${id.slice(0, 90)}" is malformed` });
      return digest;
    }),
  };
}

/** `linux/arm/v7`. */
export const formatPlatform = (platform: Platform): string =>
  [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');

/**
 * Chooses the manifest of an index for a platform: exact variant first, then one that names none. Attestations
 * (`unknown/unknown`) never match; a Wasm image is taken when nothing native is there.
 */
export function selectPlatform(index: ImageIndex, wanted: Platform): Descriptor | undefined {
  const fits = index.manifests.filter(
    entry => entry.platform?.os === wanted.os && entry.platform.architecture === wanted.architecture,
  );
  const exact = fits.find(entry => entry.platform?.variant === wanted.variant);
  const native = exact ?? fits.find(entry => entry.platform?.variant === undefined) ?? fits[0];
  if (native) return native;
  const wasm = index.manifests.find(entry => /^wasm(32|64)?$/.test(entry.platform?.architecture ?? ''));
  return wasm ?? index.manifests.find(entry => entry.platform === undefined && isImage(entry.mediaType));
}

const isImage = (mediaType: string): boolean => mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;

/** Every descriptor a manifest needs to be complete (the subject is not: image-spec manifest.md). */
export function childrenOf(manifest: ImageManifest | ImageIndex): readonly Descriptor[] {
  return manifest.form === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
}

/** Whether a descriptor leads to another manifest. */
export const isManifestType = (mediaType: string): boolean =>
  mediaType === OCI_INDEX || mediaType === DOCKER_LIST || isImage(mediaType);
