import { explainFaults } from '../faults.ts';
import type { Place } from '../model.ts';

/** Short names people write before a slash, and the kinds they mean. */
const KINDS: Readonly<Record<string, string>> = {
  deploy: 'Deployment',
  deployment: 'Deployment',
  deployments: 'Deployment',
  sts: 'StatefulSet',
  statefulset: 'StatefulSet',
  ds: 'DaemonSet',
  daemonset: 'DaemonSet',
  rs: 'ReplicaSet',
  job: 'Job',
  cronjob: 'CronJob',
  po: 'Pod',
  pod: 'Pod',
  svc: 'Service',
  service: 'Service',
};

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** What follows the place: `:8443/charge`. */
export interface Target {
  readonly place: Place;
  readonly port?: number | string;
  readonly path?: string;
}

function splitPort(text: string): { host: string; port?: number | string } {
  const bracket = /^\[([^\]]+)\](?::(\w[\w-]*))?$/.exec(text);
  if (bracket) return { host: bracket[1]!, ...(bracket[2] ? { port: portOf(bracket[2]) } : {}) };
  // A bare IPv6 address has more than one colon and no port.
  if ((text.match(/:/g)?.length ?? 0) > 1) return { host: text };
  const [host = '', port] = text.split(':');
  return { host, ...(port ? { port: portOf(port) } : {}) };
}

const portOf = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);

function single(text: string): Place {
  if (IPV4.test(text) || text.includes(':')) return { kind: 'address', address: text };
  if (NAME.test(text) && text.includes('.')) return { kind: 'dns', host: text.toLowerCase().replace(/\.$/, '') };
  throw explainFaults.error('bad-place', { text });
}

/** Reads `ns/pod`, `ns/svc:port/path`, `deploy/ns/name`, an address or a DNS name. Fault: none of these. */
export function parseTarget(text: string): Target {
  const words = text.split('/');
  const first = words[0]!.toLowerCase();
  const kind = Object.hasOwn(KINDS, first) && words.length >= 3 ? KINDS[first] : undefined;
  const parts = kind ? words.slice(1) : words;
  const isName = parts.length >= 2 && NAME.test(parts[0]!) && !parts[0]!.includes('.') && !parts[0]!.includes(':');
  if (!isName) {
    const { host, port } = splitPort(parts[0]!);
    const path = parts.length > 1 ? `/${parts.slice(1).join('/')}` : undefined;
    return { place: single(host), ...(port === undefined ? {} : { port }), ...(path ? { path } : {}) };
  }
  const [namespace, rest, ...more] = parts;
  const { host: name, port } = splitPort(rest!);
  if (!NAME.test(name)) throw explainFaults.error('bad-place', { text });
  return {
    place: { kind: 'named', namespace: namespace!, name, ...(kind ? { of: kind } : {}) },
    ...(port === undefined ? {} : { port }),
    ...(more.length > 0 ? { path: `/${more.join('/')}` } : {}),
  };
}

/** How a place is written back. */
export function describePlace(place: Place): string {
  if (place.kind === 'address') return place.address;
  return place.kind === 'dns' ? place.host : `${place.namespace}/${place.name}`;
}
