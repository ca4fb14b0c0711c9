import { computeFaults } from '../faults.ts';
import type { Hook, HookPhase, Hooks } from './hooks.ts';

/** One specification file as read from a folder; `folder` counts up with priority, `value` is its parsed text. */
export interface CdiDocument {
  readonly file: string;
  readonly folder: number;
  readonly value: unknown;
}

/** What devices add to a container (CDI specification 1.1.0, `containerEdits`). */
export interface CdiEdits {
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly devices: readonly { readonly source: string; readonly target: string; readonly permissions: string }[];
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
  readonly hooks: Hooks;
  readonly groups: readonly number[];
}

type Loose = Readonly<Record<string, unknown>>;
interface Found {
  readonly document: CdiDocument;
  readonly shared: Loose;
  readonly own: Loose;
}

const VERSIONS = new Set(['0.1.0', '0.2.0', '0.3.0', '0.4.0', '0.5.0', '0.6.0', '0.7.0', '0.8.0', '1.0.0', '1.1.0']);
const PHASES: readonly HookPhase[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];
const DEVICE = /^[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;
const VENDOR = /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const CLASS = /^[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const KEYS = {
  document: ['cdiVersion', 'kind', 'annotations', 'devices', 'containerEdits'],
  device: ['name', 'annotations', 'containerEdits'],
  edits: ['env', 'deviceNodes', 'netDevices', 'mounts', 'hooks', 'intelRdt', 'additionalGids'],
  node: ['path', 'hostPath', 'type', 'major', 'minor', 'fileMode', 'permissions', 'uid', 'gid'],
  mount: ['hostPath', 'containerPath', 'options', 'type'],
  hook: ['hookName', 'path', 'args', 'env', 'timeout'],
} as const;
/** Options of a mount that say no more than what is done anyway. */
const PLAIN_OPTIONS = new Set(['bind', 'rbind', 'rw', 'nosuid', 'nodev', 'private', 'rprivate']);

class Wrong extends Error {}

function object(value: unknown, what: string, keys: readonly string[]): Loose {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Wrong(`${what} is not an object`);
  const unknown = Object.keys(value).find(key => !keys.includes(key));
  if (unknown !== undefined) throw new Wrong(`${what} has an unknown field "${unknown}"`);
  return value as Loose;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Wrong(`${what} is not a list`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw new Wrong(`${what} is not a text`);
  return value;
}

function path(value: unknown, what: string): string {
  const found = text(value, what);
  if (!found.startsWith('/') || found.split('/').includes('..')) throw new Wrong(`${what} is not an absolute path`);
  return found;
}

const texts = (value: unknown, what: string): string[] => list(value, what).map(entry => text(entry, what));

/** The devices a document defines, by qualified name; throws `Wrong` where the document cannot be read. */
function devicesOf(document: CdiDocument): [name: string, found: Found][] {
  const body = object(document.value, 'the document', KEYS.document);
  if (!VERSIONS.has(text(body.cdiVersion, 'cdiVersion').replace(/^v/, '')))
    throw new Wrong(`cdiVersion "${String(body.cdiVersion)}" is not known`);
  const kind = text(body.kind, 'kind');
  const [vendor = '', type = '', ...more] = kind.split('/');
  if (!VENDOR.test(vendor) || !CLASS.test(type) || more.length > 0)
    throw new Wrong(`kind "${kind}" is not VENDOR/CLASS`);
  const shared = editsOf(body.containerEdits);
  const devices = list(body.devices, 'devices');
  if (devices.length === 0) throw new Wrong('it defines no devices');
  const named = devices.map((entry): [string, Found] => {
    const device = object(entry, 'a device', KEYS.device);
    const name = text(device.name, 'the name of a device');
    if (!DEVICE.test(name)) throw new Wrong(`"${name}" cannot be the name of a device`);
    return [`${kind}=${name}`, { document, shared, own: editsOf(device.containerEdits) }];
  });
  if (new Set(named.map(([name]) => name)).size < named.length) throw new Wrong('two devices have one name');
  return named;
}

const editsOf = (value: unknown): Loose => (value === undefined ? {} : object(value, 'containerEdits', KEYS.edits));

function hookOf(value: unknown): [HookPhase, Hook] {
  const hook = object(value, 'a hook', KEYS.hook);
  const phase = PHASES.find(name => name === hook.hookName);
  if (phase === undefined) throw new Wrong(`"${String(hook.hookName)}" is no hook of the runtime specification`);
  const timeout = hook.timeout;
  if (timeout !== undefined && !(Number.isInteger(timeout) && Number(timeout) > 0))
    throw new Wrong('the timeout of a hook is not above zero');
  return [
    phase,
    {
      path: path(hook.path, 'the path of a hook'),
      args: texts(hook.args, 'the arguments of a hook'),
      env: texts(hook.env, 'the environment of a hook'),
      ...(timeout === undefined ? {} : { timeout: Number(timeout) }),
    },
  ];
}

function mountOf(value: unknown): CdiEdits['mounts'][number] {
  const mount = object(value, 'a mount', KEYS.mount);
  const options = texts(mount.options, 'the options of a mount');
  const foreign = options.find(option => option !== 'ro' && !PLAIN_OPTIONS.has(option));
  if (foreign !== undefined) throw new Wrong(`mounts with the option "${foreign}" are not made`);
  if (mount.type !== undefined && !['bind', 'none', ''].includes(String(mount.type)))
    throw new Wrong(`mounts of type "${String(mount.type)}" are not made`);
  const source = path(mount.hostPath, 'the hostPath of a mount');
  const target = path(mount.containerPath, 'the containerPath of a mount');
  return { source, target, readOnly: options.includes('ro') };
}

function nodeOf(value: unknown): CdiEdits['devices'][number] {
  const node = object(value, 'a device node', KEYS.node);
  const target = path(node.path, 'the path of a device node');
  const permissions =
    node.permissions === undefined ? 'rwm' : text(node.permissions, 'the permissions of a device node');
  if (!/^[rwm]{1,3}$/.test(permissions)) throw new Wrong(`"${permissions}" are no permissions of a device`);
  const source = node.hostPath === undefined ? target : path(node.hostPath, 'the hostPath of a device node');
  return { source, target, permissions };
}

function variableOf(value: unknown): readonly [string, string] {
  const line = text(value, 'env');
  const equals = line.indexOf('=');
  if (equals <= 0) throw new Wrong(`env "${line}" is not NAME=VALUE`);
  return [line.slice(0, equals), line.slice(equals + 1)];
}

function groupOf(value: unknown): number {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) >= 2 ** 32)
    throw new Wrong(`"${String(value)}" is no group`);
  return Number(value);
}

function merge(all: readonly Loose[]): CdiEdits {
  for (const edits of all)
    for (const field of ['netDevices', 'intelRdt'] as const)
      if (edits[field] !== undefined && list([edits[field]].flat(), field).length > 0)
        throw new Wrong(`${field} cannot be given to containers here`);
  const hooks: Partial<Record<HookPhase, Hook[]>> = {};
  for (const edits of all)
    for (const [phase, hook] of list(edits.hooks, 'hooks').map(hookOf)) (hooks[phase] ??= []).push(hook);
  return {
    environment: all.flatMap(edits => list(edits.env, 'env').map(variableOf)),
    devices: all.flatMap(edits => list(edits.deviceNodes, 'deviceNodes').map(nodeOf)),
    mounts: all.flatMap(edits => list(edits.mounts, 'mounts').map(mountOf)),
    hooks,
    // A group of zero is what an absent one is (additionalGids of the specification).
    groups: all.flatMap(edits => list(edits.additionalGids, 'additionalGids').map(groupOf)).filter(Boolean),
  };
}

/**
 * What the named devices (`vendor.com/class=name`) add to a container. Of two documents with one device the one in the folder
 * of higher priority counts; two in folders of one priority are a conflict. A document that cannot be read defines nothing.
 * Throws the fault `cdi-device`.
 */
export function cdiEdits(documents: readonly CdiDocument[], names: readonly string[]): CdiEdits {
  const devices = new Map<string, Found[]>();
  const unread: string[] = [];
  for (const document of documents)
    try {
      for (const [name, found] of devicesOf(document)) devices.set(name, [...(devices.get(name) ?? []), found]);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      unread.push(`${document.file}: ${error.message}`);
    }
  const shared = new Set<CdiDocument>();
  const all: Loose[] = [];
  for (const name of new Set(names)) {
    const refused = (why: string): Error => computeFaults.error('cdi-device', { device: name.slice(0, 200), why });
    const found = devices.get(name) ?? [];
    const top = Math.max(...found.map(({ document }) => document.folder));
    const [chosen, rival] = found.filter(({ document }) => document.folder === top);
    if (!chosen) throw refused(['no file defines it', ...unread].join('; '));
    if (rival) throw refused(`both ${chosen.document.file} and ${rival.document.file} define it`);
    if (!shared.has(chosen.document)) all.push(chosen.shared);
    shared.add(chosen.document);
    all.push(chosen.own);
  }
  try {
    return merge(all);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    throw computeFaults.error('cdi-device', { device: names.join(', ').slice(0, 200), why: error.message });
  }
}
