import { pathParts } from '../../base/index.ts';
import { type Digest, parseDigest } from '../images/digest.ts';
import { isRepository, isTag } from '../images/reference.ts';
import { Refusal } from './errors.ts';

/** What a request is about (distribution-spec, "Endpoints"). */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly tag?: string; readonly digest?: Digest }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest };

const PATTERNS: readonly [RegExp, Route['kind']][] = [
  [/^\/v2\/(.+)\/tags\/list$/, 'tags'],
  [/^\/v2\/(.+)\/blobs\/uploads\/?$/, 'uploads'],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, 'upload'],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, 'blob'],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, 'manifest'],
  [/^\/v2\/(.+)\/referrers\/([^/]+)$/, 'referrers'],
];

function digestIn(text: string): Digest {
  const digest = parseDigest(text);
  if (!digest) throw new Refusal('DIGEST_INVALID', `"${text.slice(0, 150)}" is no sha256 or sha512 digest`);
  return digest;
}

function decoded(text: string): string {
  const [part] = pathParts(text) ?? [];
  if (part === undefined) throw new Refusal('NAME_INVALID', `"${text.slice(0, 150)}" is no escaped text`);
  return part;
}

/** Reads a path; undefined when nothing is served there. Throws a Refusal for names and digests that cannot be. */
export function parseRoute(path: string): Route | undefined {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  for (const [pattern, kind] of PATTERNS) {
    const match = pattern.exec(path);
    if (!match) continue;
    const repository = match[1]!;
    if (!isRepository(repository))
      throw new Refusal('NAME_INVALID', `"${repository.slice(0, 150)}" is no repository name`);
    const last = match[2] === undefined ? '' : decoded(match[2]);
    switch (kind) {
      case 'tags':
      case 'uploads':
        return { kind, repository };
      case 'upload':
        return { kind, repository, id: last };
      case 'blob':
      case 'referrers':
        return { kind, repository, digest: digestIn(last) };
      default:
        if (last.includes(':')) return { kind: 'manifest', repository, digest: digestIn(last) };
        if (!isTag(last)) throw new Refusal('MANIFEST_INVALID', `"${last.slice(0, 150)}" is no tag`);
        return { kind: 'manifest', repository, tag: last };
    }
  }
  return undefined;
}

/** One page of a sorted list after `last`; `next` is where the following one starts. */
export function pageOf(
  all: readonly string[],
  n: number | undefined,
  last: string | undefined,
): { page: readonly string[]; next?: string } {
  const rest = last === undefined ? all : all.filter(name => name > last);
  if (n === undefined || rest.length <= n) return { page: rest };
  const page = rest.slice(0, n);
  const end = page.at(-1);
  return end === undefined ? { page } : { page, next: end };
}

/** `bytes=0-99`, `bytes=100-`, `bytes=-50` of a blob (RFC 9110 §14.1.2); undefined for forms that are then ignored. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[1] !== '' && match[2] !== '' && Number(match[2]) < start) return undefined;
  return start >= size || end < start ? 'unsatisfiable' : { start, end };
}
