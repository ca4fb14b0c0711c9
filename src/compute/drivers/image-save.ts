import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { type Digest, splitDigest } from '../images/digest.ts';
import { imageFaults } from '../images/faults.ts';
import type { Descriptor, Platform } from '../images/manifest.ts';
import { selectPlatform } from '../images/manifest.ts';
import { OCI_INDEX } from '../images/media.ts';
import { formatReference, parseReference } from '../images/reference.ts';
import { encodeHeader, padding, tarEnd } from '../images/tar-header.ts';
import type { ImageContent } from './image-content.ts';

/**
 * Writes images as one tar that is an OCI layout and a docker-archive at once, so that podman, containerd, skopeo and
 * `docker load` all read it. The same images give the same bytes.
 */
export async function saveArchive(
  content: ImageContent,
  references: readonly string[],
  file: string,
  platform: Platform,
): Promise<void> {
  const temporary = `${file}.part`;
  const out = createWriteStream(temporary, { mode: 0o644 });
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (!out.write(bytes)) await once(out, 'drain');
  };
  const member = async (name: string, bytes: Uint8Array): Promise<void> => {
    await write(encodeHeader({ name, type: 'file', mode: 0o644, size: bytes.length }));
    await write(bytes);
    await write(Buffer.alloc(padding(bytes.length)));
  };
  try {
    const { index, docker, blobs } = await gather(content, references, platform);
    await member('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    await member('index.json', Buffer.from(JSON.stringify(index)));
    if (docker.length > 0) await member('manifest.json', Buffer.from(JSON.stringify(docker)));
    for (const [digest, { size }] of [...blobs].sort(([left], [right]) => (left < right ? -1 : 1))) {
      await write(encodeHeader({ name: blobName(digest), type: 'file', mode: 0o644, size }));
      for await (const chunk of content.blobs.stream(digest)) await write(chunk as Buffer);
      await write(Buffer.alloc(padding(size)));
    }
    await write(tarEnd());
    out.end();
    await once(out, 'finish');
    await rename(temporary, file);
  } catch (error) {
    out.destroy();
    await rm(temporary, { force: true });
    throw error;
  }
}

const blobName = (digest: Digest): string => {
  const { algorithm, hex } = splitDigest(digest);
  return `blobs/${algorithm}/${hex}`;
};

interface DockerManifest {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

async function gather(content: ImageContent, references: readonly string[], platform: Platform) {
  const blobs = new Map<Digest, { size: number }>();
  const manifests: Record<string, unknown>[] = [];
  const docker: DockerManifest[] = [];
  for (const text of references) {
    const reference = parseReference(text);
    const full = formatReference(reference);
    const target = await content.lookup(reference);
    if (!target) throw imageFaults.error('not-found', { reference: full });
    for (const [digest, descriptor] of await content.closure(target)) {
      const size = (await content.blobs.size(digest)) ?? descriptor.size;
      blobs.set(digest, { size });
    }
    manifests.push({
      ...target,
      annotations: {
        'io.containerd.image.name': full,
        ...(reference.tag ? { 'org.opencontainers.image.ref.name': reference.tag } : {}),
      },
    });
    const entry = await dockerManifest(content, target, full, platform);
    if (entry) docker.push(entry);
  }
  return { index: { schemaVersion: 2, mediaType: OCI_INDEX, manifests }, docker, blobs };
}

async function dockerManifest(
  content: ImageContent,
  target: Descriptor,
  name: string,
  platform: Platform,
): Promise<DockerManifest | undefined> {
  let manifest = await content.manifest(target);
  if (manifest.form === 'index') {
    const chosen = selectPlatform(manifest, platform);
    if (!chosen || (await content.blobs.size(chosen.digest)) === undefined) return undefined;
    manifest = await content.manifest(chosen);
  }
  if (manifest.form === 'index') return undefined;
  return {
    Config: blobName(manifest.config.digest),
    RepoTags: name.includes('@') ? [] : [name],
    Layers: manifest.layers.map(layer => blobName(layer.digest)),
  };
}
