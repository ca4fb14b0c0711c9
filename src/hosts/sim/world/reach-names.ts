/** Names as a pod's resolver reads them. */

const DOMAIN = 'cluster.local';

/** An IPv4 or IPv6 literal. */
export const isAddress = (host: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(':');

/**
 * The Service a name means inside the cluster: `payments`, `payments.shop`, `payments.shop.svc` and the whole name, by the
 * search list every pod has (Kubernetes DNS specification 1.1, §2.3.1); undefined for names that lead elsewhere.
 */
export function clusterName(host: string, own: string, isNamespace: (name: string) => boolean): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  const short = name.endsWith(`.${DOMAIN}`) ? name.slice(0, -DOMAIN.length - 1) : name;
  const labels = short.split('.');
  if (labels.length === 3 && labels[2] === 'svc') return `${labels[1]}/${labels[0]}`;
  if (short !== name) return undefined;
  if (labels.length === 1) return `${own}/${labels[0]}`;
  return labels.length === 2 && isNamespace(labels[1]!) ? `${labels[1]}/${labels[0]}` : undefined;
}
