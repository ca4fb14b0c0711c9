import type { RegistryOptions } from './registry-http.ts';
import { ImageContent } from './image-content.ts';
import { ImagePuller } from './image-pull.ts';
import { hostPlatform, NodeImages } from './image-store.ts';
import { UnpackPool } from './unpack-pool.ts';

export interface OpenImagesOptions extends RegistryOptions {
  /** `images` below the state folder. */
  readonly folder: string;
  /** Whether runtimes here mount overlayfs; default: with root. */
  readonly overlay?: boolean;
  /** Pulls refused: `--offline`. */
  readonly offline?: boolean;
  /** Addresses of the embedded registry, for image names that lead to it. */
  readonly ownRegistries?: () => readonly string[];
}

/** A node's image store, ready for use; disposing ends its worker threads. */
export interface OpenImages extends AsyncDisposable {
  readonly images: NodeImages;
}

/** Opens the image store of a state folder (made when absent). */
export async function openImages(options: OpenImagesOptions): Promise<OpenImages> {
  const privileged = process.getuid?.() === 0;
  const platform = hostPlatform();
  const pool = new UnpackPool();
  const puller = new ImagePuller({ ...options, platform });
  const images = new NodeImages({
    content: await new ImageContent(options.folder).open(),
    pool,
    platform,
    privileged,
    overlay: options.overlay ?? privileged,
    ...(options.offline
      ? {}
      : { pull: (content, reference, pull) => puller.pull(content, reference, pull.auth ?? [], pull.signal) }),
    ...(options.ownRegistries ? { ownRegistries: options.ownRegistries } : {}),
  });
  return { images, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}
