import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { FaultError } from '../../base/index.ts';
import { deliveryFaults } from '../faults.ts';
import type { SourceTree } from '../model.ts';
import { readFolder } from './folder.ts';

const FETCH_MS_MAX = 120_000;

/** A place in a git repository: `https://host/repo.git//path?ref=v1`, as kustomize and others write it. */
export interface GitPlace {
  readonly url: string;
  readonly path: string;
  readonly revision: string;
}

/** Whether a target of `up` names a git repository rather than a folder. */
export function isGitUrl(target: string): boolean {
  return /^(https?|ssh|git|file):\/\//.test(target) || /^[\w.-]+@[\w.-]+:/.test(target);
}

/** Splits a git URL into repository, folder and revision (`HEAD` when none is named). */
export function parseGitUrl(target: string): GitPlace {
  const [whole = '', query = ''] = target.split('?', 2) as [string, string?];
  const revision = new URLSearchParams(query).get('ref') ?? 'HEAD';
  const scheme = /^[a-z]+:\/\//.exec(whole)?.[0] ?? '';
  const rest = whole.slice(scheme.length);
  const split = rest.indexOf('//');
  return split < 0
    ? { url: whole, path: '', revision }
    : { url: scheme + rest.slice(0, split), path: rest.slice(split + 2).replace(/\/$/, ''), revision };
}

/** git may not ask, run hooks, or use transports that run programs. */
const SAFE = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_LFS_SKIP_SMUDGE: '1',
};

function git(args: readonly string[], folder: string | undefined, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-c', 'core.hooksPath=/dev/null', '-c', 'core.symlinks=true', ...args], {
      ...(folder ? { cwd: folder } : {}),
      env: { ...process.env, ...SAFE },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: FETCH_MS_MAX,
      ...(signal ? { signal } : {}),
    });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
    child.on('error', reject);
    child.on('close', code =>
      code === 0
        ? resolve(out.trim())
        : reject(new Error(errors.trim().split('\n').at(-1) || `git ended with ${code}`)),
    );
  });
}

export interface ReadGitOptions {
  readonly signal?: AbortSignal;
  /** Only what was fetched before is read; repositories of this machine (`file:`) are fetched all the same. */
  readonly offline?: boolean;
}

/** Where the newest fetch of a revision is kept in the cache. */
const keptRef = (revision: string): string => `refs/tenon/${createHash('sha256').update(revision).digest('hex')}`;

/** Fetches one revision into a folder of the cache and reads it. Fault: git is missing, the fetch failed. */
export async function readGit(
  place: GitPlace,
  cacheFolder: string,
  { signal, offline = false }: ReadGitOptions = {},
): Promise<SourceTree> {
  const folder = join(cacheFolder, createHash('sha256').update(place.url).digest('hex').slice(0, 16));
  const revision = place.revision;
  if (place.url.startsWith('-') || revision.startsWith('-'))
    throw deliveryFaults.error('git-failed', { url: place.url, revision, reason: 'not a URL' });
  try {
    if (!existsSync(join(folder, '.git'))) {
      mkdirSync(folder, { recursive: true });
      await git(['init', '--quiet'], folder, signal);
    }
    const kept = keptRef(revision);
    if (!offline || place.url.startsWith('file:')) {
      await git(['fetch', '--quiet', '--depth=1', '--no-tags', place.url, revision], folder, signal);
      await git(['update-ref', kept, 'FETCH_HEAD'], folder, signal);
    } else if ((await git(['for-each-ref', kept], folder, signal)) === '')
      throw deliveryFaults.error('git-offline', { url: place.url, revision });
    await git(['checkout', '--quiet', '--force', '--detach', kept], folder, signal);
    await git(['clean', '-ffdxq'], folder, signal);
    const commit = await git(['rev-parse', 'HEAD'], folder, signal);
    return readFolder(folder, { name: place.url, repository: place.url, commit, revision: commit.slice(0, 12) });
  } catch (error) {
    if (error instanceof FaultError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw deliveryFaults.error('git-missing', { url: place.url });
    throw deliveryFaults.error('git-failed', { url: place.url, revision, reason: message }, undefined, {
      cause: error,
    });
  }
}
