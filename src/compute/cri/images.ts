import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig, ImageRecord, RegistryAuth } from '../ports.ts';
import type { Written } from './codec.ts';
import type { CriContext, Methods } from './context.ts';
import { invalid } from './errors.ts';
import type { AuthConfig, FilesystemUsage, Image, ImageSpec } from './generated/api.ts';
import { nanoseconds } from './status.ts';

/** Users by number are told by number, the others by name. */
function imageOf(record: ImageRecord): Written<Image> {
  const [user = ''] = record.config.user.split(':');
  const numeric = /^\d+$/.test(user);
  return {
    id: record.id,
    repoTags: record.tags,
    repoDigests: record.digests,
    size: record.size_bytes,
    ...(numeric ? { uid: { value: Number(user) } } : { username: user }),
    ...(user === '' ? { uid: { value: 0 } } : {}),
    spec: { image: record.id },
  };
}

const byName = (names: readonly string[]): Record<string, object> => Object.fromEntries(names.map(name => [name, {}]));

/** The configuration in image-spec's names, as other runtimes tell it. */
function ociConfig(config: ImageConfig): Record<string, unknown> {
  return {
    Entrypoint: config.entrypoint,
    Cmd: config.command,
    Env: config.environment,
    WorkingDir: config.workingFolder,
    User: config.user,
    StopSignal: config.stopSignal,
    ExposedPorts: byName(config.exposedPorts),
    Volumes: byName(config.volumes),
    Labels: config.labels,
  };
}

const hostOf = (address: string): string => address.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$/, '');

/** `auth` is base64 of `user:password`, as docker's configuration has it. */
export function credentialsOf(auth: AuthConfig | undefined, image: string): RegistryAuth[] {
  if (!auth) return [];
  const decoded = auth.auth ? Buffer.from(auth.auth, 'base64').toString().replace(/\0+$/, '') : '';
  const colon = decoded.indexOf(':');
  if (auth.auth && colon < 0) throw invalid('invalid auth: not base64 of user:password');
  const username = auth.username || decoded.slice(0, Math.max(0, colon));
  const password = auth.password || decoded.slice(colon + 1);
  const [first = ''] = image.split('/');
  const named = image.includes('/') && /[.:]|^localhost$/.test(first) ? first : 'docker.io';
  const registry = auth.serverAddress ? hostOf(auth.serverAddress) : named;
  if (auth.identityToken) return [{ registry, identityToken: auth.identityToken }];
  return username || password ? [{ registry, username, password }] : [];
}

/** Bytes and files below a folder; what goes away while we look is not counted. */
export async function usageOf(folder: string): Promise<{ bytes: number; files: number }> {
  const total = { bytes: 0, files: 0 };
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      const path = join(next, entry.name);
      total.files++;
      if (entry.isDirectory()) open.push(path);
      else total.bytes += (await stat(path).catch(() => ({ size: 0 }))).size;
    }
  }
  return total;
}

/** CRI's ImageService over an image store. */
export class ImageMethods {
  readonly #context: CriContext;

  constructor(context: CriContext) {
    this.#context = context;
  }

  methods(): Methods<'ListImages' | 'ImageStatus' | 'PullImage' | 'RemoveImage' | 'ImageFsInfo'> {
    const { images } = this.#context.options;
    return {
      ListImages: async ({ filter }) => {
        const wanted = filter?.image?.image ? await this.#find(filter.image) : undefined;
        const all = filter?.image?.image ? (wanted ? [wanted] : []) : await images.list();
        return { images: all.map(imageOf) };
      },
      ImageStatus: async ({ image, verbose }) => {
        const found = await this.#find(image);
        if (!found) return {};
        const info = verbose ? { info: JSON.stringify({ imageSpec: { config: ociConfig(found.config) } }) } : {};
        return { image: imageOf(found), info };
      },
      PullImage: async ({ image, auth }) => {
        const reference = image?.image ?? '';
        if (!reference) throw invalid('image name is empty');
        const local = /^sha256:[a-f0-9]{64}$/.test(reference) ? await this.#find(image) : undefined;
        const pulled = local ?? (await images.pull(reference, { auth: credentialsOf(auth, reference) }));
        return { imageRef: pulled.id };
      },
      RemoveImage: async ({ image }) => {
        const found = await this.#find(image);
        // By any of its names, the image goes with all of them: kubelet's own image collection relies on it.
        if (found) await images.remove(found.id);
        return {};
      },
      ImageFsInfo: async () => ({ imageFilesystems: [await this.#filesystem()] }),
    };
  }

  async #find(image: ImageSpec | undefined): Promise<ImageRecord | undefined> {
    if (!image?.image) throw invalid('image name is empty');
    const found = await this.#context.options.images.resolve(image.image);
    if (!found) return undefined;
    // All names of it, not only those of the repository it was asked by.
    return (await this.#context.options.images.list()).find(({ id }) => id === found.id) ?? found;
  }

  async #filesystem(): Promise<Written<FilesystemUsage>> {
    const { imageFolder, clock } = this.#context.options;
    const { bytes, files } = await usageOf(imageFolder);
    return {
      timestamp: nanoseconds(clock.now()),
      fsId: { mountpoint: imageFolder },
      usedBytes: { value: bytes },
      inodesUsed: { value: files },
    };
  }
}
