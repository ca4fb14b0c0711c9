import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { isAbsolute, join, normalize, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { archive, type LayerFile } from '../drivers/image-layer-tar.ts';
import type { CriContext } from './context.ts';
import { invalid, unimplemented } from './errors.ts';
import type { ContainerEntry } from './records.ts';

const TIMEOUT_MS = 120_000;

/** What an archive says of the container it was made of (the `config.dump` that checkpointctl reads). */
function describe(context: CriContext, entry: ContainerEntry): Buffer {
  const { id, config, imageId, imageRef, createdAt_ms } = entry;
  const { runtimes, clock } = context.options;
  const { handler } = context.sandboxes.get(entry.sandboxId);
  const time = (at_ms: number): string => new Date(at_ms).toISOString();
  const facts = {
    id,
    name: config.metadata?.name ?? '',
    rootfsImage: imageId,
    rootfsImageRef: imageRef,
    rootfsImageName: config.image?.userSpecifiedImage || config.image?.image || '',
    runtime: runtimes.get(handler)?.handler ?? handler,
    createdTime: time(createdAt_ms),
    checkpointedTime: time(clock.now()),
  };
  return Buffer.from(JSON.stringify(facts));
}

async function filesBelow(folder: string): Promise<LayerFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter(entry => entry.isFile())
    .map((entry): LayerFile => {
      const source = join(entry.parentPath, entry.name);
      return { name: relative(folder, source), type: 'file', mode: 0o600, source };
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/**
 * Writes a running container to one archive, readable by root alone, and lets it run on (CRI `CheckpointContainer`; KEP-2008).
 * The memory, and so every secret in it, is in there. `timeout_s` 0: two minutes.
 */
export async function checkpoint(
  context: CriContext,
  entry: ContainerEntry,
  location: string,
  timeout_s: number,
): Promise<void> {
  if (!isAbsolute(location) || normalize(location) !== location || location.endsWith('/'))
    throw invalid(`"${location}" is no absolute path of a file for the checkpoint`);
  const runtime = context.runtimeOf(entry);
  if (!runtime.checkpoint) throw unimplemented(`the runtime "${runtime.handler}" makes no checkpoints`);
  const folder = join(context.options.folder, 'checkpoints', entry.id);
  const partial = `${location}.partial`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await runtime.checkpoint(entry.id, folder, timeout_s > 0 ? timeout_s * 1000 : TIMEOUT_MS);
    const about: LayerFile = { name: 'config.dump', type: 'file', mode: 0o600, content: describe(context, entry) };
    const bytes = archive([about, ...(await filesBelow(folder))], context.options.clock.now() / 1000, { update() {} });
    await pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, location);
  } finally {
    await rm(partial, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}
