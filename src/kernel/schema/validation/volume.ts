import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { dnsLabel } from './names.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Names of volumes, and of those that can be raw block devices. */
export interface VolumeNames {
  readonly volumes: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
}

const NEEDED: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    hostPath: ['path'],
    persistentVolumeClaim: ['claimName'],
    secret: ['secretName'],
    configMap: ['name'],
    nfs: ['server', 'path'],
    csi: ['driver'],
    iscsi: ['targetPortal', 'iqn'],
  }),
);

function relative(path: string, field: string, causes: Causes): void {
  if (path === '') return causes.required(field);
  if (path.startsWith('/')) causes.invalid(field, path, 'must be a relative path');
  if (path.split('/').includes('..')) causes.invalid(field, path, "must not contain '..'");
}

function keyItems(source: Draft | undefined, field: string, causes: Causes): void {
  parts(source, 'items').forEach((item, i) => {
    if (source && !isDraft(item.fieldRef) && !isDraft(item.resourceFieldRef) && text(item.key) === '')
      causes.required(`${field}.items[${i}].key`);
    relative(text(item.path), `${field}.items[${i}].path`, causes);
    const mode = item.mode;
    if (typeof mode === 'number' && (mode < 0 || mode > 0o777)) {
      causes.invalid(`${field}.items[${i}].mode`, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
    }
  });
  const mode = source?.defaultMode;
  if (typeof mode === 'number' && (mode < 0 || mode > 0o777)) {
    causes.invalid(`${field}.defaultMode`, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
  }
}

/** The volumes of a pod spec. */
export function validateVolumes(list: readonly Draft[], field: string, causes: Causes): VolumeNames {
  const volumes = new Set<string>();
  const claims = new Set<string>();
  list.forEach((volume, i) => {
    const at = `${field}[${i}]`;
    const name = text(volume.name);
    if (name === '') causes.required(`${at}.name`);
    else {
      causes.invalidAll(`${at}.name`, name, dnsLabel(name));
      if (volumes.has(name)) causes.duplicate(`${at}.name`, name);
      volumes.add(name);
    }
    const sources = Object.keys(volume).filter(key => key !== 'name' && isDraft(volume[key]));
    if (sources.length === 0) causes.required(at, 'must specify a volume type');
    for (const extra of sources.slice(1)) causes.forbidden(`${at}.${extra}`, 'may not specify more than 1 volume type');
    for (const source of sources) {
      for (const needed of NEEDED.get(source) ?? []) {
        if (text(part(volume, source)?.[needed]) === '') causes.required(`${at}.${source}.${needed}`);
      }
    }
    if (isDraft(volume.persistentVolumeClaim) || isDraft(volume.ephemeral)) claims.add(name);
    for (const source of ['secret', 'configMap', 'downwardAPI'])
      keyItems(part(volume, source), `${at}.${source}`, causes);
    const path = text(part(volume, 'hostPath')?.path);
    if (path.split('/').includes('..')) causes.invalid(`${at}.hostPath.path`, path, "must not contain '..'");
  });
  return { volumes, claims };
}
