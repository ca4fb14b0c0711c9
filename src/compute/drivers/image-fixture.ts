import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '../images/digest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST } from '../images/media.ts';
import { parseReference } from '../images/reference.ts';
import type { ImageContent } from './image-content.ts';
import type { RefTarget } from './image-refs.ts';

/** Puts an image made of raw layer archives into a store; for tests and measurements. */
export async function putImage(
  content: ImageContent,
  name: string,
  layers: readonly Buffer[],
  options: {
    readonly packing?: 'none' | 'gzip' | 'zstd';
    readonly config?: Record<string, unknown>;
    readonly architecture?: string;
  } = {},
): Promise<RefTarget> {
  const packing = options.packing ?? 'gzip';
  const type = { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD }[packing];
  const descriptors = [];
  for (const layer of layers) {
    const bytes = packing === 'gzip' ? gzipSync(layer) : packing === 'zstd' ? zstdCompressSync(layer) : layer;
    descriptors.push({ mediaType: type, ...(await content.blobs.put(bytes)) });
  }
  const config = await content.blobs.put(
    JSON.stringify({
      os: 'linux',
      architecture: options.architecture ?? 'amd64',
      config: options.config ?? { Cmd: ['/bin/true'] },
      rootfs: { type: 'layers', diff_ids: layers.map(layer => digestOf(layer)) },
    }),
  );
  const reference = parseReference(name);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, ...config },
    layers: descriptors,
  };
  return content.putManifest(reference, Buffer.from(JSON.stringify(manifest)), OCI_MANIFEST, reference.tag ?? 'latest');
}
