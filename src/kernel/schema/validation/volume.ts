import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { claimSpec } from './claim.ts';
import { fieldReference, FILE_FIELDS, resourceReference } from './field-reference.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Names of volumes, and of those that can be raw block devices. */
export interface VolumeNames {
  readonly volumes: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
}

/** Fields each source must give (core/v1 validation of VolumeSource); a list stands for one that may not be empty. */
const NEEDED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    hostPath: ['path'],
    gitRepo: ['repository'],
    gcePersistentDisk: ['pdName'],
    awsElasticBlockStore: ['volumeID'],
    persistentVolumeClaim: ['claimName'],
    secret: ['secretName'],
    configMap: ['name'],
    nfs: ['server', 'path'],
    csi: ['driver'],
    iscsi: ['targetPortal', 'iqn'],
    glusterfs: ['endpoints', 'path'],
    rbd: ['monitors', 'image'],
    cinder: ['volumeID'],
    cephfs: ['monitors'],
    azureFile: ['secretName', 'shareName'],
    azureDisk: ['diskName', 'diskURI'],
    vsphereVolume: ['volumePath'],
    photonPersistentDisk: ['pdID'],
    quobyte: ['registry', 'volume'],
    portworxVolume: ['volumeID'],
    scaleIO: ['gateway', 'system', 'volumeName'],
    flexVolume: ['driver'],
    ephemeral: ['volumeClaimTemplate'],
  }),
);

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const MANAGED_DISK = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';

const BAD_MODE = 'must be a number between 0 and 0777 (octal), both inclusive';

const isGiven = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isDraft(value) || text(value) !== '';

/** What one source must give, wherever it stands: a volume of a pod or a persistent volume. */
export function validateSource(name: string, source: Draft, at: string, causes: Causes): void {
  for (const needed of NEEDED.get(name) ?? []) if (!isGiven(source[needed])) causes.required(`${at}.${needed}`);
  const path = text(source.path);
  if (name === 'hostPath') {
    if (path.split('/').includes('..')) causes.invalid(`${at}.path`, path, "must not contain '..'");
    if (source.type !== undefined && !HOST_PATH_TYPES.includes(text(source.type)))
      causes.notSupported(`${at}.type`, source.type, HOST_PATH_TYPES);
  }
  if (name === 'nfs' && !path.startsWith('/')) causes.invalid(`${at}.path`, path, 'must be an absolute path');
  if (name === 'azureDisk' && (source.kind === 'Managed') !== text(source.diskURI).startsWith('/subscriptions'))
    causes.notSupported(
      `${at}.diskURI`,
      text(source.diskURI),
      source.kind === 'Managed'
        ? [MANAGED_DISK]
        : ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'],
    );
  if (name === 'iscsi' && text(source.iqn) !== '' && !/^(?:iqn|eui|naa)/.test(text(source.iqn)))
    causes.invalid(`${at}.iqn`, source.iqn, 'must be valid format starting with iqn, eui, or naa');
  if (['secret', 'configMap', 'downwardAPI'].includes(name)) keyItems(source, at, causes);
  if (name === 'projected') projected(source, at, causes);
}

function relative(path: string, field: string, causes: Causes): void {
  if (path === '') return causes.required(field);
  if (path.startsWith('/')) causes.invalid(field, path, 'must be a relative path');
  if (path.split('/').includes('..')) causes.invalid(field, path, "must not contain '..'");
}

/** Files of a downward volume say their field first, and the API server leaves the index out of it. */
function fileOfPod(item: Draft, field: string, causes: Causes): void {
  const reference = part(item, 'fieldRef');
  const resource = part(item, 'resourceFieldRef');
  if (reference) {
    fieldReference(reference, `${field}.fieldRef`, FILE_FIELDS, causes);
    if (resource)
      causes.invalid(field, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (resource) resourceReference(resource, `${field}.resourceFieldRef`, true, causes);
  else causes.required(field, 'one of fieldRef and resourceFieldRef is required');
}

function keyItems(source: Draft | undefined, field: string, causes: Causes): void {
  parts(source, 'items').forEach((item, i) => {
    if (field.endsWith('.downwardAPI')) fileOfPod(item, field, causes);
    else if (text(item.key) === '') causes.required(`${field}.items[${i}].key`);
    relative(text(item.path), `${field}.items[${i}].path`, causes);
    const mode = item.mode;
    if (typeof mode === 'number' && (mode < 0 || mode > 0o777)) {
      causes.invalid(`${field}.items[${i}].mode`, mode, BAD_MODE);
    }
  });
  const mode = source?.defaultMode;
  if (typeof mode === 'number' && (mode < 0 || mode > 0o777)) {
    causes.invalid(`${field}.defaultMode`, mode, BAD_MODE);
  }
}

const TOKEN_SECONDS_MIN = 600;

/** Sources of one folder: each of one kind and named, no two for one file. */
function projected(source: Draft, at: string, causes: Causes): void {
  const mode = source.defaultMode;
  if (typeof mode === 'number' && (mode < 0 || mode > 0o777)) causes.invalid(`${at}.defaultMode`, mode, BAD_MODE);
  const taken = new Set<string>();
  parts(source, 'sources').forEach((one, i) => {
    const where = `${at}.sources[${i}]`;
    const kinds = Object.keys(one).filter(kind => isDraft(one[kind]));
    for (const extra of kinds.slice(1))
      causes.forbidden(`${where}.${extra}`, 'may not specify more than 1 volume type');
    const kind = kinds[0];
    if (kind === undefined) return;
    const own = part(one, kind)!;
    const seconds = own.expirationSeconds;
    if (kind === 'serviceAccountToken' && typeof seconds === 'number' && seconds < TOKEN_SECONDS_MIN)
      causes.invalid(`${where}.${kind}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes');
    if ((kind === 'secret' || kind === 'configMap') && text(own.name) === '') causes.required(`${where}.${kind}.name`);
    if (kind === 'serviceAccountToken' && text(own.path) === '') causes.required(`${where}.${kind}.path`);
    else if (kind !== 'serviceAccountToken' && kind !== 'clusterTrustBundle') keyItems(own, `${where}.${kind}`, causes);
    for (const path of [...parts(own, 'items').map(item => text(item.path)), text(own.path)].filter(Boolean)) {
      if (taken.has(path)) causes.invalid(at, path, 'conflicting duplicate paths');
      taken.add(path);
    }
  });
}

/** The volumes of a pod spec. A volume that is wrong in itself is none to those who would mount it. */
export function validateVolumes(list: readonly Draft[], field: string, causes: Causes): VolumeNames {
  const volumes = new Set<string>();
  const claims = new Set<string>();
  list.forEach((volume, i) => {
    const at = `${field}[${i}]`;
    const name = text(volume.name);
    const before = causes.list.length;
    const sources = Object.keys(volume).filter(key => key !== 'name' && isDraft(volume[key]));
    if (sources.length === 0) causes.required(at, 'must specify a volume type');
    for (const extra of sources.slice(1)) causes.forbidden(`${at}.${extra}`, 'may not specify more than 1 volume type');
    const inline = part(volume, 'csi');
    if (inline) causes.invalidAll(`${at}.csi.driver`, inline.driver, dnsSubdomain(text(inline.driver).toLowerCase()));
    const template = part(part(volume, 'ephemeral'), 'volumeClaimTemplate');
    for (const source of sources) validateSource(source, part(volume, source)!, `${at}.${source}`, causes);
    if (template) claimSpec(part(template, 'spec') ?? {}, `${at}.ephemeral.volumeClaimTemplate.spec`, causes);
    if (name === '') causes.required(`${at}.name`);
    else causes.invalidAll(`${at}.name`, name, dnsLabel(name));
    if (volumes.has(name)) causes.duplicate(`${at}.name`, name);
    if (causes.list.length > before) return;
    volumes.add(name);
    if (isDraft(volume.persistentVolumeClaim) || isDraft(volume.ephemeral)) claims.add(name);
  });
  return { volumes, claims };
}
