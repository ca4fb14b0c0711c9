import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistryOptions } from './registry-http.ts';
import { writeDurable } from './image-blobs.ts';
import { ImageContent } from './image-content.ts';
import { ImagePuller } from './image-pull.ts';
import { hostPlatform, NodeImages } from './image-store.ts';
import { RegistryServer } from './registry-server.ts';
import { UnpackPool } from './unpack-pool.ts';

export interface OpenImagesOptions extends RegistryOptions {
  /** `images` below the state folder. */
  readonly folder: string;
  /** Whether runtimes here mount overlayfs; default: with root. */
  readonly overlay?: boolean;
  /** Pulls refused: `--offline`. */
  readonly offline?: boolean;
  /** Serve the store as an OCI registry on loopback. Without a port, the one of last time, else a free one. */
  readonly serve?: { readonly host?: string; readonly port?: number };
}

/** A node's image store, ready for use; disposing ends its worker threads. */
export interface OpenImages extends AsyncDisposable {
  readonly images: NodeImages;
  /** `127.0.0.1:PORT` of the embedded registry: image names that start with it are found here without a pull. */
  readonly registry?: string;
}

/** Image names carry the registry's port, so it stays the same from start to start while it is free. */
async function serve(
  content: ImageContent,
  folder: string,
  wanted: NonNullable<OpenImagesOptions['serve']>,
): Promise<RegistryServer> {
  if (wanted.port !== undefined) return RegistryServer.start({ content, ...wanted });
  const file = join(folder, 'registry');
  const last = Number(/:(\d+)\s*$/.exec(await readFile(file, 'utf8').catch(() => ''))?.[1] ?? 0);
  const server = await RegistryServer.start({ content, ...wanted, port: last }).catch(
    (error: NodeJS.ErrnoException) => {
      if (last === 0 || error.code !== 'EADDRINUSE') throw error;
      return RegistryServer.start({ content, ...wanted });
    },
  );
  await writeDurable(file, `${server.address}\n`);
  return server;
}

/** Opens the image store of a state folder (made when absent). */
export async function openImages(options: OpenImagesOptions): Promise<OpenImages> {
  const privileged = process.getuid?.() === 0;
  const platform = hostPlatform();
  const pool = new UnpackPool();
  const puller = new ImagePuller({ ...options, platform });
  const content = await new ImageContent(options.folder).open();
  const server = options.serve ? await serve(content, options.folder, options.serve) : undefined;
  const own = server ? [server.address, server.address.replace(/^127\.0\.0\.1:/, 'localhost:')] : [];
  const images = new NodeImages({
    content,
    pool,
    platform,
    privileged,
    overlay: options.overlay ?? privileged,
    ownRegistries: () => own,
    ...(options.offline
      ? {}
      : { pull: (store, reference, pull) => puller.pull(store, reference, pull.auth ?? [], pull.signal) }),
  });
  return {
    images,
    ...(server ? { registry: server.address } : {}),
    [Symbol.asyncDispose]: async () => {
      await server?.[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}
