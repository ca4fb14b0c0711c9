/** An image reference in the parts AssignImage may replace. */
export interface ImageParts {
  readonly domain: string;
  readonly path: string;
  /** With its sign: `:v1` or `@sha256:…`. */
  readonly tag: string;
}

/** Splits a reference: a first part with a dot or a colon, or `localhost`, is a domain (distribution reference grammar). */
export function splitImage(image: string): ImageParts {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const domain = first === 'localhost' || /[.:]/.test(first) ? first : '';
  const rest = domain === '' ? image : image.slice(slash + 1);
  const digest = rest.indexOf('@');
  const named = digest < 0 ? rest : rest.slice(0, digest);
  const colon = named.lastIndexOf(':');
  const at = colon > named.lastIndexOf('/') ? colon : digest;
  return at < 0 ? { domain, path: rest, tag: '' } : { domain, path: rest.slice(0, at), tag: rest.slice(at) };
}

const joinImage = ({ domain, path, tag }: ImageParts): string => `${domain === '' ? '' : `${domain}/`}${path}${tag}`;

/** The reference with the given parts in place of its own; empty parts leave it as it is. */
export function assignImage(image: string, parts: ImageParts): string {
  const old = splitImage(image);
  return joinImage({ domain: parts.domain || old.domain, path: parts.path || old.path, tag: parts.tag || old.tag });
}

const DOMAIN = /^(?:localhost|(?=[^:]*\.)\w(?:[\w.-]*\w)?)(?::\d+)?$/;
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^(:[\w][\w.-]{0,127}|@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})$/;

/** Why parts cannot be assigned; undefined where they can. */
export function imagePartsFault({ domain, path, tag }: ImageParts): string | undefined {
  if (domain === '' && path === '' && tag === '')
    return 'at least one of assignDomain, assignPath and assignTag is needed';
  if (domain !== '' && !DOMAIN.test(domain))
    return `assignDomain "${domain}" must be a fully-qualified domain name or localhost`;
  if (path !== '' && !PATH.test(path)) return `assignPath "${path}" is no path`;
  if (tag !== '' && !TAG.test(tag)) return `assignTag "${tag}" must be ":tag" or "@digest"`;
  if (domain === '' && path !== '' && splitImage(`${path}/x`).domain !== '')
    return `assignPath "${path}" would read as a domain`;
  return undefined;
}
