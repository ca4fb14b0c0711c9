import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { kinds } from '../../kernel/index.ts';
import type { NodeContext } from './node-context.ts';

const SEARCHES_MAX = 32;

interface Resolver {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** The host name of a pod (its own, or its name), at most 63 characters. */
export function hostnameOf(pod: kinds.Pod): string {
  const { hostnameOverride, hostname } = pod.spec ?? {};
  return hostnameOverride || hostname || (pod.metadata.name ?? 'pod').slice(0, 63).replace(/[-.]+$/, '');
}

/** Writes /etc/hosts, /etc/resolv.conf and /etc/hostname of a pod; gives target -> source. */
export async function writePodFiles(
  node: NodeContext,
  pod: kinds.Pod,
  ips: readonly string[],
  nameservers: readonly string[],
): Promise<Map<string, string>> {
  const folder = join(node.stateFolder, 'pods', pod.metadata.uid ?? '', 'etc');
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const files: [string, string][] = [
    ['hosts', await hosts(node, pod, ips)],
    ['resolv.conf', await resolver(node, pod, nameservers)],
    ['hostname', `${pod.spec?.hostNetwork ? node.nodeName : hostnameOf(pod)}\n`],
  ];
  for (const [name, text] of files) await writeFile(join(folder, name), text, { mode: 0o644 });
  return new Map(files.map(([name]) => [`/etc/${name}`, join(folder, name)]));
}

async function hosts(node: NodeContext, pod: kinds.Pod, ips: readonly string[]): Promise<string> {
  const aliases = (pod.spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`);
  const tail = aliases.length > 0 ? `\n# Entries added by HostAliases.\n${aliases.join('\n')}\n` : '';
  if (pod.spec?.hostNetwork) {
    const own = await readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1\tlocalhost\n');
    return `# Kubernetes-managed hosts file (host network).\n${own}${tail}`;
  }
  const name = hostnameOf(pod);
  const { subdomain } = pod.spec ?? {};
  const long = subdomain ? `${name}.${subdomain}.${pod.metadata.namespace}.svc.${node.clusterDomain}\t` : '';
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'fe00::\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...ips.map(ip => `${ip}\t${long}${name}`),
    tail,
  ].join('\n');
}

async function hostResolver(): Promise<Resolver> {
  const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const of = (word: string): string[] =>
    text.split('\n').flatMap(line => {
      const [first, ...rest] = line.trim().split(/\s+/);
      return first === word ? rest : [];
    });
  return { nameservers: of('nameserver'), searches: of('search'), options: of('options') };
}

async function resolver(node: NodeContext, pod: kinds.Pod, nameservers: readonly string[]): Promise<string> {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? {};
  const host = await hostResolver();
  const cluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  let base: Resolver = host;
  if (dnsPolicy === 'None') base = { nameservers: [], searches: [], options: [] };
  else if (cluster && nameservers.length > 0) {
    const domain = node.clusterDomain;
    const searches = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches];
    base = { nameservers, searches, options: ['ndots:5'] };
  }
  const options = new Map(base.options.map(option => [option.split(':')[0]!, option]));
  for (const { name, value } of dnsConfig?.options ?? [])
    if (name) options.set(name, value === undefined ? name : `${name}:${value}`);
  const searches = [...new Set([...base.searches, ...(dnsConfig?.searches ?? [])])].slice(0, SEARCHES_MAX);
  const servers = [...new Set([...base.nameservers, ...(dnsConfig?.nameservers ?? [])])];
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...servers.map(server => `nameserver ${server}`),
    ...(options.size > 0 ? [`options ${[...options.values()].join(' ')}`] : []),
    '',
  ].join('\n');
}
