import { status } from '@grpc/grpc-js';
import { type CriClient, isStatus } from './cri-client.ts';
import type { Image } from '../cri/generated/api.ts';
import { IMAGE_USER } from '../cri/raise.ts';
import { pullFaults } from '../images/faults.ts';
import type { ImageConfig, ImageRecord, ImageStore, PullOptions, RegistryAuth } from '../ports.ts';

/** image-spec's config, as runtimes tell it in verbose status. */
interface OciConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly StopSignal?: string;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

function configOf(info: string | undefined, image: Image): ImageConfig {
  let config: OciConfig = {};
  try {
    config = (JSON.parse(info ?? '{}') as { imageSpec?: { config?: OciConfig } }).imageSpec?.config ?? {};
  } catch {
    // A runtime that tells it otherwise: pods then have to say their command themselves.
  }
  return {
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    environment: config.Env ?? [],
    workingFolder: config.WorkingDir ?? '',
    user: config.User ?? (image.username || String(image.uid?.value ?? '')),
    ...(config.StopSignal ? { stopSignal: config.StopSignal } : {}),
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    volumes: Object.keys(config.Volumes ?? {}),
    labels: config.Labels ?? {},
  };
}

function recordOf(image: Image, info?: string): ImageRecord {
  return {
    id: image.id,
    digest: image.repoDigests[0]?.split('@')[1] ?? image.id,
    tags: image.repoTags,
    digests: image.repoDigests,
    size_bytes: image.size,
    kind: 'oci',
    config: configOf(info, image),
  };
}

const authFor = (auth: readonly RegistryAuth[] | undefined, reference: string): RegistryAuth | undefined =>
  auth?.find(({ registry }) => reference.startsWith(registry)) ??
  auth?.find(({ registry }) => /docker\.io/.test(registry) && !/^[^/]*[.:][^/]*\//.test(reference));

/** The images of a CRI runtime. It makes root file systems by itself; nothing of them is ours. */
export function criImages(client: CriClient): ImageStore {
  const resolve = async (reference: string): Promise<ImageRecord | undefined> => {
    const { image, info } = await client.call('ImageStatus', { image: { image: reference }, verbose: true });
    return image && recordOf(image, info.info);
  };
  return {
    resolve,
    pull: async (reference: string, options: PullOptions) => {
      const found = authFor(options.auth, reference);
      const { registry, username = '', password = '', identityToken = '' } = found ?? { registry: '' };
      const auth = found && { username, password, identityToken, serverAddress: registry };
      try {
        await client.call('PullImage', { image: { image: reference }, ...(auth ? { auth } : {}) }, 600_000);
      } catch (error) {
        if (isStatus(error, status.NOT_FOUND)) throw pullFaults.error('image-not-found', { reference });
        throw error;
      }
      const image = await resolve(reference);
      if (!image) throw pullFaults.error('image-not-found', { reference });
      return image;
    },
    prepareRootfs: () => Promise.resolve({ kind: 'folder', path: '' }),
    release: () => Promise.resolve(),
    account: (_imageId, user) => {
      const [uid = '', gid = '0'] = (user || '0').split(':');
      const numeric = /^\d+$/.test(uid) && /^\d+$/.test(gid);
      const account = { uid: numeric ? Number(uid) : IMAGE_USER, gid: numeric ? Number(gid) : 0, groups: [] };
      return Promise.resolve(account);
    },
    list: async () => (await client.call('ListImages', {})).images.map(image => recordOf(image)),
    remove: async reference => void (await client.call('RemoveImage', { image: { image: reference } })),
  };
}
