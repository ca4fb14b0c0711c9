/** The parts of a container image's name (distribution reference grammar). */
export interface ImageReference {
  readonly registry: string;
  readonly path: string;
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

/** Stands for the registry that is left out while a reference is read. */
const NOWHERE = 'registry.invalid';
const REFERENCE =
  /^(?:([A-Za-z0-9.-]+(?::[0-9]+)?|\[[0-9a-fA-F:]+\](?::[0-9]+)?)\/)?([a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$/;

/** Reads a reference; undefined where it is none. Without a registry it is the default one (none where that is empty; it may have a path), without tag and digest `latest`. */
export function parseImageReference(text: string, defaultRegistry = 'docker.io'): ImageReference | undefined {
  if (text.length > 1000) return undefined;
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  // The first part names a registry only where it looks like a host.
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const full = isHost ? text : `${defaultRegistry || NOWHERE}/${text}`;
  const found = REFERENCE.exec(full);
  if (found === null) return undefined;
  const [, named = '', path = '', tag = '', digest = ''] = found;
  return {
    registry: named === NOWHERE ? '' : named,
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    tag: tag === '' && digest === '' ? 'latest' : tag,
    digest,
  };
}

/** The whole reference, with everything that was left out. */
export function imageText({ registry, path, tag, digest }: ImageReference): string {
  const name = registry === '' ? path : `${registry}/${path}`;
  return digest === '' ? `${name}:${tag}` : `${name}@${digest}`;
}
