/** Credentials for registries, by the host (and path prefix) they are for. */
export interface Credential {
  readonly registry: string;
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
}

/** `https://index.docker.io/v1/` and `docker.io` are the same place in every docker config. */
function plainHost(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const [host, ...path] = bare.split('/');
  const hub = host === 'index.docker.io' || host === 'registry-1.docker.io' || host === 'docker.io';
  if (hub)
    return path[0] === 'v1' || path[0] === 'v2' || path.length === 0 ? 'docker.io' : `docker.io/${path.join('/')}`;
  return [host, ...path.filter(part => part !== 'v1' && part !== 'v2')].join('/');
}

function hostMatches(pattern: string, host: string): boolean {
  const [wanted, wantedPort] = pattern.split(':');
  const [given, givenPort] = host.split(':');
  if (wantedPort !== givenPort) return false;
  const left = wanted!.split('.');
  const right = given!.split('.');
  return left.length === right.length && left.every((part, i) => part === right[i] || globMatches(part, right[i]!));
}

/** `*` inside one label, as kubelet's credential keyring allows. */
function globMatches(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return false;
  const parts = pattern.split('*');
  if (!text.startsWith(parts[0]!) || !text.endsWith(parts.at(-1)!)) return false;
  let at = parts[0]!.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - parts.at(-1)!.length;
}

/** The credentials for an image, most specific first (longest path prefix, then exact host before `*`). */
export function credentialsFor(
  all: readonly Credential[],
  registry: string,
  repository: string,
): readonly Credential[] {
  const name = `${registry}/${repository}`;
  return all
    .map(credential => ({ credential, key: plainHost(credential.registry) }))
    .filter(({ key }) => {
      const slash = key.indexOf('/');
      const host = slash < 0 ? key : key.slice(0, slash);
      if (!hostMatches(host, registry)) return false;
      const path = slash < 0 ? '' : key.slice(slash + 1);
      return path === '' || name === `${registry}/${path}` || name.startsWith(`${registry}/${path}/`);
    })
    .sort((left, right) => right.key.length - left.key.length)
    .map(({ credential }) => credential);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads `.dockerconfigjson` (`{auths: {...}}`) or the older `.dockercfg` (the map itself). Entries it cannot read are left out. */
export function parseDockerConfig(text: string): Credential[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [];
  }
  if (!isRecord(body)) return [];
  const auths = isRecord(body.auths) ? body.auths : body;
  const found: Credential[] = [];
  for (const [registry, entry] of Object.entries(auths)) {
    if (!isRecord(entry)) continue;
    const pair = typeof entry.auth === 'string' ? Buffer.from(entry.auth, 'base64').toString('utf8') : '';
    const colon = pair.indexOf(':');
    const username =
      typeof entry.username === 'string' ? entry.username : colon >= 0 ? pair.slice(0, colon) : undefined;
    const password =
      typeof entry.password === 'string'
        ? entry.password
        : colon >= 0
          ? pair.slice(colon + 1).replace(/\0+$/, '')
          : undefined;
    const identityToken =
      typeof entry.identitytoken === 'string' && entry.identitytoken !== '' ? entry.identitytoken : undefined;
    if (username === undefined && identityToken === undefined) continue;
    found.push({
      registry,
      ...(username !== undefined ? { username } : {}),
      ...(password !== undefined ? { password } : {}),
      ...(identityToken ? { identityToken } : {}),
    });
  }
  return found;
}

/** A challenge of `WWW-Authenticate` (RFC 9110 §11.6.1). */
export interface Challenge {
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

/** Reads every challenge of the header; names are lower case. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; params: Map<string, string> }[] = [];
  const token =
    /\s*(?:([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z0-9!#$%&'*+.^_`|~-]+))\s*,?/y;
  for (let match = token.exec(header); match && match[0] !== ''; match = token.exec(header)) {
    const [, key, quoted, plain, scheme] = match;
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), params: new Map() });
    else if (key !== undefined)
      challenges.at(-1)?.params.set(key.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return challenges;
}
