/** Media types of OCI image-spec 1.1 and Docker image manifest v2 schema 2. */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const OCI_LAYER_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const OCI_LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
export const DOCKER_LAYER_GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
/** The layer of the "OCI artifact" layout of WebAssembly modules (CNCF TAG Runtime, wasm OCI artifact). */
export const WASM_LAYER = 'application/wasm';
export const WASM_LAYER_LEGACY = 'application/vnd.wasm.content.layer.v1+wasm';
/** Says of a container image that its program is WebAssembly (Wasm Image Specification, compat variant). */
export const WASM_VARIANT = 'module.wasm.image/variant';
export const WASM_COMPAT = 'compat';
export const WASM_CONFIG = 'application/vnd.wasm.config.v0+json';
export const WASM_CONFIG_LEGACY = 'application/vnd.wasm.config.v1+json';

/** What a registry is asked for, best first. */
export const MANIFEST_TYPES: readonly string[] = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST];

export type Compression = 'none' | 'gzip' | 'zstd' | 'unknown';

/** How a layer's bytes are packed, from its media type; `unknown` types are told by their first bytes. */
export function compressionOf(mediaType: string): Compression | undefined {
  const type = mediaType.replace('.nondistributable', '').replace('.foreign', '');
  if (type === OCI_LAYER || type === DOCKER_LAYER) return 'unknown';
  if (type === OCI_LAYER_GZIP || type === DOCKER_LAYER_GZIP) return 'gzip';
  if (type === OCI_LAYER_ZSTD || type === `${DOCKER_LAYER}.zstd`) return 'zstd';
  return undefined;
}

/** Tells gzip (RFC 1952 §2.3.1) and zstd (RFC 8878 §3.1.1) by their magic numbers. */
export function sniffCompression(head: Uint8Array): 'none' | 'gzip' | 'zstd' {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return 'none';
}

export const isWasmLayer = (mediaType: string): boolean => mediaType === WASM_LAYER || mediaType === WASM_LAYER_LEGACY;
