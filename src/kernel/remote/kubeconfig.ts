import { parse as parseYaml } from 'yaml';
import { remoteFaults } from './faults.ts';

/** How to reach a cluster and as whom: a kubeconfig's context, with every file it names read in. */
export interface RemoteTarget {
  readonly server: string;
  readonly namespace: string;
  /** PEM; the system's authorities when absent. */
  readonly authority?: string;
  readonly insecure?: boolean;
  readonly serverName?: string;
  /** PEM. */
  readonly certificate?: string;
  readonly key?: string;
  /** Asked for before each request, so that a rotated token file is noticed. */
  readonly token?: () => string;
  readonly basic?: string;
  readonly impersonate?: { readonly user: string; readonly groups: readonly string[]; readonly uid?: string };
}

interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  'proxy-url'?: string;
}

interface UserEntry {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  exec?: { command?: string };
  'auth-provider'?: { name?: string };
}

interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
}

interface Kubeconfig {
  readonly clusters?: readonly { name: string; cluster: ClusterEntry }[];
  readonly users?: readonly { name: string; user: UserEntry }[];
  readonly contexts?: readonly { name: string; context: ContextEntry }[];
  readonly 'current-context'?: string;
}

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/** Reads a file a kubeconfig names, relative to the kubeconfig's own folder. */
export type ReadFile = (path: string) => string;

function parseFile(file: string, text: string): Kubeconfig {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 100 });
  } catch (error) {
    throw remoteFaults.error('no-kubeconfig', { file, cause: (error as Error).message });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw remoteFaults.error('no-kubeconfig', { file, cause: 'it is no map' });
  return value;
}

function refusePlugins(name: string, user: UserEntry): void {
  if (user.exec)
    throw remoteFaults.error('plugin-refused', { name, what: 'exec plugin', command: user.exec.command ?? '' });
  const provider = user['auth-provider'];
  if (provider)
    throw remoteFaults.error('plugin-refused', { name, what: 'auth provider', command: provider.name ?? '' });
}

/** Data in the file wins over a path beside it, as for kubectl. */
const inlineOr = (data: string | undefined, path: string | undefined, read: ReadFile): string | undefined =>
  data ? fromBase64(data) : path ? read(path) : undefined;

function credentials(user: UserEntry, read: ReadFile): Partial<RemoteTarget> {
  const certificate = inlineOr(user['client-certificate-data'], user['client-certificate'], read);
  const key = inlineOr(user['client-key-data'], user['client-key'], read);
  const { token, tokenFile } = user;
  const tokenOf = token ? () => token : tokenFile ? () => read(tokenFile).trim() : undefined;
  return {
    ...(certificate && key ? { certificate, key } : {}),
    ...(tokenOf ? { token: tokenOf } : {}),
    ...(user.username ? { basic: Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64') } : {}),
    ...(user.as
      ? {
          impersonate: {
            user: user.as,
            groups: user['as-groups'] ?? [],
            ...(user['as-uid'] ? { uid: user['as-uid'] } : {}),
          },
        }
      : {}),
  };
}

/** Reads the context of a kubeconfig's text; throws a FaultError that says what is wrong with it. */
export function parseKubeconfig(file: string, text: string, read: ReadFile, contextName?: string): RemoteTarget {
  const config = parseFile(file, text);
  const wanted = contextName ?? config['current-context'] ?? '';
  const context = config.contexts?.find(one => one.name === wanted)?.context;
  if (!context) throw remoteFaults.error('no-context', { file, what: 'context', name: wanted });
  const cluster = config.clusters?.find(one => one.name === context.cluster)?.cluster;
  if (!cluster?.server) throw remoteFaults.error('no-context', { file, what: 'cluster', name: context.cluster ?? '' });
  const user = context.user ? config.users?.find(one => one.name === context.user)?.user : {};
  if (!user) throw remoteFaults.error('no-context', { file, what: 'user', name: context.user ?? '' });
  refusePlugins(context.user ?? '', user);
  const authority = inlineOr(cluster['certificate-authority-data'], cluster['certificate-authority'], read);
  return {
    server: cluster.server.replace(/\/$/, ''),
    namespace: context.namespace || 'default',
    ...(authority ? { authority } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { insecure: true } : {}),
    ...(cluster['tls-server-name'] ? { serverName: cluster['tls-server-name'] } : {}),
    ...credentials(user, read),
  };
}
