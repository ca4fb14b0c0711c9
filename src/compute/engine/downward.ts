import { type kinds, Quantity } from '../../kernel/index.ts';
import { bytesOf, milliCpu } from './resources.ts';
import { containerSpec } from './state.ts';

/** What of the downward API the pod object itself does not hold. */
export interface DownwardContext {
  readonly hostIps: readonly string[];
  readonly podIps: readonly string[];
  readonly capacity: { readonly milliCpu: number; readonly memory_bytes: number };
}

const quoted = (map: { readonly [key: string]: string } | undefined): string =>
  Object.keys(map ?? {})
    .sort()
    .map(key => `${key}=${JSON.stringify(map![key])}`)
    .join('\n');

/** A field of the pod as text; undefined for paths the downward API does not have. */
export function fieldText(pod: kinds.Pod, path: string, context: DownwardContext): string | undefined {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) {
    const map = keyed[1] === 'labels' ? metadata.labels : metadata.annotations;
    return map && Object.hasOwn(map, keyed[2]!) ? map[keyed[2]!] : '';
  }
  const hostIp = (): string => context.hostIps[0] ?? '';
  const podIps = spec?.hostNetwork ? context.hostIps : context.podIps;
  const fields: Readonly<Record<string, () => string>> = {
    'metadata.name': () => metadata.name ?? '',
    'metadata.namespace': () => metadata.namespace ?? '',
    'metadata.uid': () => metadata.uid ?? '',
    'metadata.labels': () => quoted(metadata.labels),
    'metadata.annotations': () => quoted(metadata.annotations),
    'spec.nodeName': () => spec?.nodeName ?? '',
    'spec.serviceAccountName': () => spec?.serviceAccountName ?? '',
    'status.hostIP': hostIp,
    'status.hostIPs': () => context.hostIps.join(','),
    'status.podIP': () => podIps[0] ?? '',
    'status.podIPs': () => podIps.join(','),
  };
  return Object.hasOwn(fields, path) ? fields[path]!() : undefined;
}

/** A container's request or limit in units of the divisor, rounded up; limits fall back to what the node has. */
export function resourceText(
  pod: kinds.Pod,
  selector: kinds.ResourceFieldSelector,
  container: string,
  context: DownwardContext,
): string | undefined {
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(selector.resource);
  if (!match) return undefined;
  const [, side, name] = match as unknown as [string, 'limits' | 'requests', string];
  const requirements = containerSpec(pod, selector.containerName ?? container)?.resources;
  const amounts = requirements?.[side];
  const divisor = Quantity.parse(
    selector.divisor === undefined || String(selector.divisor) === '0' ? '1' : selector.divisor,
  );
  const unit = Number(divisor?.nano ?? 1_000_000_000n) / 1e9;
  if (name === 'cpu') {
    const milli =
      milliCpu(amounts) ?? (side === 'limits' ? context.capacity.milliCpu : (milliCpu(requirements?.limits) ?? 0));
    return String(Math.ceil(milli / 1000 / unit));
  }
  const all = name === 'memory' && side === 'limits' ? context.capacity.memory_bytes : 0;
  const bytes = bytesOf(amounts, name) ?? (side === 'requests' ? (bytesOf(requirements?.limits, name) ?? 0) : all);
  return String(Math.ceil(bytes / unit));
}
