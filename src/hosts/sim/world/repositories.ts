/** Git repositories of a run: branches of revisions that steps commit to, fetched over the simulated network. */
import { createHash } from 'node:crypto';
import { type Clock, type Random, sleep } from '../../../base/index.ts';
import { deliveryFaults, type GitPlace, type SourceTree, treeOf } from '../../../delivery/index.ts';
import type { Links } from '../links.ts';
import { CONTROL } from '../process-client.ts';
import type { CommitModel, RepositoryModel } from '../scenario/model.ts';
import { draw } from './draw.ts';
import { globMatches } from './models.ts';

/** Where repositories are. */
const INTERNET = 'internet';
/** git gives up on a server that says nothing after this. */
const SILENCE_MS = 120_000;
const REVISION_CHARACTERS = 40;

interface Revision {
  readonly id: string;
  readonly files: ReadonlyMap<string, string>;
}

interface Repository {
  readonly model: RepositoryModel;
  /** Oldest first. */
  readonly branches: Map<string, Revision[]>;
  readonly known: NonNullable<SourceTree['known']>;
}

export interface RepositoriesParts {
  readonly models: readonly RepositoryModel[];
  readonly clock: Clock;
  readonly random: Random;
  readonly links: Links;
  /** Whether the certificate of the host has expired. */
  readonly expired: (host: string) => boolean;
  /** Milliseconds until a lookup of the host has failed; undefined where it is answered. */
  readonly unnamed: (host: string) => number | undefined;
}

function revisionOf(parent: string, files: ReadonlyMap<string, string>): Revision {
  const hash = createHash('sha256').update(parent);
  for (const [path, text] of files) hash.update(`\0${path}\0${text}`);
  return { id: hash.digest('hex').slice(0, REVISION_CHARACTERS), files };
}

const hostOf = (url: string): string => /^[a-z]+:\/\/(?:[^@/]*@)?([^/:]+)/.exec(url)?.[1] ?? '';

export class Repositories {
  readonly #parts: RepositoriesParts;
  readonly #repositories = new Map<string, Repository>();
  readonly #hidden: { readonly pattern: string; readonly how: string }[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(parts: RepositoriesParts) {
    this.#parts = parts;
    for (const model of parts.models)
      this.#repositories.set(model.url, {
        model,
        branches: new Map([[model.branch, [revisionOf('', model.files)]]]),
        known: new Map(),
      });
  }

  /** Repositories that match (a star stands for any text; a host alone is enough) cannot be fetched. */
  hide(pattern: string, how: string): Disposable {
    const hidden = { pattern, how };
    this.#hidden.push(hidden);
    return { [Symbol.dispose]: () => void this.#hidden.splice(this.#hidden.indexOf(hidden), 1) };
  }

  /** Adds a revision to a branch; a branch that is not there begins at what HEAD names. */
  commit({ to, branch: named, files, remove }: CommitModel): void {
    const { branches, model } = this.#repositories.get(to)!;
    const branch = named ?? model.branch;
    const before = branches.get(branch) ?? branches.get(model.branch)!.slice(-1);
    const last = before.at(-1)!;
    const gone = (path: string): boolean => remove.some(each => path === each || path.startsWith(`${each}/`));
    const next = new Map([...last.files].filter(([path]) => !gone(path)));
    for (const [path, text] of files) next.set(path, text);
    branches.set(branch, [...before, revisionOf(last.id, next)]);
    for (const watcher of this.#watchers) watcher();
  }

  /** Hosts of the repositories. */
  hosts(): readonly string[] {
    return [...this.#repositories.keys()].map(hostOf);
  }

  /** Told after every commit. */
  watch(watcher: () => void): Disposable {
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  /** How many revisions of what a place names came after this one; all where it is none of them. */
  behind({ url, revision }: GitPlace, id: string): number {
    const revisions = this.#named(url, revision) ?? [];
    return revisions.length - 1 - revisions.findLastIndex(each => each.id.startsWith(id) && id !== '');
  }

  /** Fetches what a place names. Fault: as git would fail. `clock` is the caller's: a caller that is gone hears nothing. */
  async fetch(place: GitPlace, clock: Clock): Promise<SourceTree> {
    const { url, revision } = place;
    const fail = (reason: string): never => {
      throw deliveryFaults.error('git-failed', { url, revision, reason });
    };
    const host = hostOf(url);
    const unable = `unable to access '${url}/'`;
    const unnamed_ms = this.#parts.unnamed(host);
    if (unnamed_ms !== undefined) {
      await sleep(clock, unnamed_ms);
      return fail(`${unable}: Could not resolve host: ${host}`);
    }
    const hidden = this.#hidden.find(({ pattern }) => globMatches(pattern, url) || globMatches(pattern, host));
    if (hidden?.how === 'refused') return fail(`${unable}: Failed to connect to ${host}: Connection refused`);
    const { links, random } = this.#parts;
    const there = links.passage(CONTROL, INTERNET);
    const back = links.passage(INTERNET, CONTROL);
    if (hidden || !there.open || !back.open) {
      await sleep(clock, SILENCE_MS);
      return fail(`${unable}: Failed to connect to ${host}: Connection timed out`);
    }
    if (this.#parts.expired(host) && url.startsWith('https:')) {
      await sleep(clock, there.latency_ms + back.latency_ms);
      return fail(`${unable}: SSL certificate problem: certificate has expired`);
    }
    const repository = this.#repositories.get(url);
    await sleep(clock, there.latency_ms + back.latency_ms + (repository ? draw(repository.model.fetch, random) : 0));
    if (!repository) return fail(`repository '${url}/' not found`);
    const found = this.#named(url, revision)?.at(-1);
    if (!found) return fail(`couldn't find remote ref ${revision}`);
    const entries = [...found.files].map(([path, text]) => [path, Buffer.from(text)] as const);
    const tree = treeOf(url, entries, { repository: url, commit: found.id, known: repository.known });
    return { ...tree, revision: found.id.slice(0, 12) };
  }

  /** The revisions up to what a name means: HEAD, a branch, a revision itself. */
  #named(url: string, name: string): readonly Revision[] | undefined {
    const repository = this.#repositories.get(url);
    if (!repository) return undefined;
    const { branches, model } = repository;
    const branch = branches.get(name === 'HEAD' ? model.branch : name.replace(/^refs\/heads\//, ''));
    if (branch) return branch;
    for (const revisions of branches.values()) {
      const at = revisions.findIndex(({ id }) => id === name);
      if (at >= 0) return revisions.slice(0, at + 1);
    }
    return undefined;
  }
}
