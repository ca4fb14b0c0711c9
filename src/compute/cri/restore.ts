import { closeSync, createReadStream, existsSync, openSync, writeSync } from 'node:fs';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { TarReader, TAR_LIMITS, type TarSink } from '../images/tar-reader.ts';
import type { ContainerSpec } from '../model.ts';
import type { ImageRecord } from '../ports.ts';
import type { CriContext } from './context.ts';
import { invalid, notFound, unimplemented } from './errors.ts';

const ENTRIES_MAX = 1000;
const DESCRIPTION_BYTES_MAX = 4 * 1024 * 1024;
/** What an archive is made of; names lead nowhere else. */
const KEPT = /^(?:\.\/)?((?:config|spec)\.dump|checkpoint\/[\w-][\w.-]*)$/;
/** Changes of the root's files beside the memory, which no runtime here takes. */
const CHANGES = /^(?:\.\/)?(rootfs-diff\.tar|deleted\.files)$/;

/** What a container made of a checkpoint goes on from. */
export interface Restored {
  readonly image: ImageRecord;
  readonly terminal: boolean;
  /** The rest is as the new configuration says; a runtime refuses what disagrees with the memory. */
  readonly spec: Pick<ContainerSpec, 'args' | 'environment' | 'workingFolder' | 'account' | 'restore'>;
}

interface DumpedProcess {
  readonly terminal?: boolean;
  readonly user?: { readonly uid?: number; readonly gid?: number; readonly additionalGids?: readonly number[] };
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly cwd?: string;
}

/** Where the files of a container's checkpoint are, until it is removed. */
const folderOf = (context: CriContext, id: string): string => join(context.options.folder, 'restores', id);

/** Takes away what `openCheckpoint` unpacked. */
export const releaseCheckpoint = (context: CriContext, id: string): Promise<void> =>
  rm(folderOf(context, id), { recursive: true, force: true });

/** Whether the image of a container is an archive of `CheckpointContainer` (as CRI-O and containerd read it: a file's path). */
export const isCheckpoint = (reference: string): boolean => isAbsolute(reference) && existsSync(reference);

/** Unpacks plain files of known names; anything else in it is passed over. */
async function unpack(archive: string, folder: string): Promise<void> {
  let file: number | undefined;
  const close = (): void => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };
  const sink: TarSink = {
    entry: ({ name, type }) => {
      if (CHANGES.test(name))
        throw invalid(`the checkpoint "${archive}" has changed files ("${name}") beside its memory`);
      const kept = type === 'file' ? KEPT.exec(name)?.[1] : undefined;
      // A name that comes twice is a forgery: the first must not be replaced.
      if (kept !== undefined) file = openSync(join(folder, kept), 'wx', 0o600);
    },
    data: piece => {
      if (file !== undefined) writeSync(file, piece);
    },
    end: close,
  };
  const reader = new TarReader(sink, { ...TAR_LIMITS, entries_max: ENTRIES_MAX });
  await mkdir(join(folder, 'checkpoint'), { recursive: true, mode: 0o700 });
  try {
    for await (const piece of createReadStream(archive, { highWaterMark: 1024 * 1024 })) reader.push(piece as Buffer);
    reader.finish();
  } catch (error) {
    throw invalid(`"${archive}" is no checkpoint: ${(error as Error).message}`);
  } finally {
    close();
  }
}

async function describe<T>(archive: string, folder: string, name: string): Promise<T> {
  try {
    const path = join(folder, name);
    if ((await stat(path)).size > DESCRIPTION_BYTES_MAX) throw new Error(`${name} is too long`);
    const value = JSON.parse(await readFile(path, 'utf8')) as unknown;
    if (typeof value !== 'object' || value === null) throw new Error(`${name} is no object`);
    return value as T;
  } catch (error) {
    throw invalid(`"${archive}" is no checkpoint: ${(error as Error).message}`);
  }
}

/** Memory of other people's programs is in there: only what root wrote is read. */
async function trusted(archive: string): Promise<void> {
  const { uid, mode } = await stat(archive);
  const own = uid === 0 || uid === process.getuid?.();
  if (!own || (mode & 0o022) !== 0) throw invalid(`the checkpoint "${archive}" could have been written by anybody`);
}

/**
 * Reads the archive that `CheckpointContainer` wrote, for a container `id` of the runtime `handler`: what runs in it, and the
 * image its files were made of, which must be here. Only a runtime of the same kind goes on from a memory.
 */
export async function openCheckpoint(
  context: CriContext,
  archive: string,
  id: string,
  handler: string,
): Promise<Restored> {
  const { images } = context.options;
  const runtime = context.runtime(handler);
  if (!runtime.restores) throw unimplemented(`the runtime "${runtime.handler}" restores no checkpoints`);
  await trusted(archive);
  const folder = folderOf(context, id);
  await unpack(archive, folder);
  type Facts = { runtime?: string; rootfsImage?: string; rootfsImageRef?: string; rootfsImageName?: string };
  const facts = await describe<Facts>(archive, folder, 'config.dump');
  const { process: dumped } = await describe<{ process?: DumpedProcess }>(archive, folder, 'spec.dump');
  if (!dumped?.args) throw invalid(`"${archive}" is no checkpoint: spec.dump names no process`);
  if (facts.runtime !== runtime.handler)
    throw invalid(`the checkpoint "${archive}" is of "${facts.runtime ?? ''}", the pod of "${runtime.handler}"`);
  const names = [facts.rootfsImage, facts.rootfsImageRef, facts.rootfsImageName].filter(name => name !== undefined);
  let image: ImageRecord | undefined;
  for (const name of names) image ??= await images.resolve(name);
  if (!image) throw notFound('image', names.find(name => name !== '') ?? '');
  const { user = {}, env = [], cwd = '/', args, terminal = false } = dumped;
  return {
    image,
    terminal,
    spec: {
      args,
      environment: env.map(entry => {
        const [name = '', ...value] = entry.split('=');
        return [name, value.join('=')] as const;
      }),
      workingFolder: cwd,
      account: { uid: user.uid ?? 0, gid: user.gid ?? 0, groups: user.additionalGids ?? [] },
      restore: join(folder, 'checkpoint'),
    },
  };
}
