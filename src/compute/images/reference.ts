import { type Digest, parseDigest } from './digest.ts';
import { imageFaults } from './faults.ts';

/** A fully written image name: `docker.io/library/nginx:latest`. */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const HOST =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const NAME_LENGTH_MAX = 255;
const DEFAULT_REGISTRY = 'docker.io';

/** Whether a text can be a tag (distribution-spec, "Pulling manifests"). */
export const isTag = (text: string): boolean => TAG.test(text);

/** Whether a text can be a repository name (distribution-spec, "Pulling manifests"). */
export const isRepository = (text: string): boolean =>
  text.length <= NAME_LENGTH_MAX && text.split('/').every(part => part.length <= 128 && COMPONENT.test(part));

/** The first component is a registry when it could not be a path: a dot, a port, `localhost` or upper case. */
const isRegistry = (part: string): boolean => /[.:A-Z]/.test(part) || part === 'localhost' || part.startsWith('[');

/**
 * Reads a name as containerd and Docker do: `nginx` is `docker.io/library/nginx:latest`. A name with a digest gets no
 * default tag. Throws `image/bad-reference`.
 */
export function parseReference(text: string): Reference {
  const bad = (why: string): Error => imageFaults.error('bad-reference', { reference: text.slice(0, 300), why });
  if (text.length > 600 || text === '') throw bad('it is empty or too long');
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    digest = parseDigest(rest.slice(at + 1));
    if (!digest) throw bad('the part after "@" is no sha256 or sha512 digest');
    rest = rest.slice(0, at);
  }
  const slash = rest.indexOf('/');
  let registry = DEFAULT_REGISTRY;
  if (slash > 0 && isRegistry(rest.slice(0, slash))) {
    registry = rest.slice(0, slash);
    rest = rest.slice(slash + 1);
    if (!HOST.test(registry)) throw bad(`"${registry}" is no host`);
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(':');
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!isTag(tag)) throw bad(`"${tag}" is no tag`);
  }
  if (registry === 'index.docker.io') registry = DEFAULT_REGISTRY;
  if (/^[a-f0-9]{64}$/.test(rest)) throw bad('64 hexadecimal digits would be taken for an image id');
  const repository = registry === DEFAULT_REGISTRY && !rest.includes('/') ? `library/${rest}` : rest;
  if (!isRepository(repository)) throw bad(`"${rest}" is no repository name`);
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest ? {} : { tag: 'latest' }),
    ...(digest ? { digest } : {}),
  };
}

/** The full name, as CRI's `repoTags` write it. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest ? `@${digest}` : ''}`;
}

/** `docker.io/library/nginx:latest` of whatever a person wrote. */
export const normalReference = (text: string): string => formatReference(parseReference(text));
