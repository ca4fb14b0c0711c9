import { isDeepStrictEqual } from 'node:util';
import { Quantity } from '../../quantity.ts';
import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, specOf, text } from './common.ts';
import { dnsSubdomain, qualifiedName } from './names.ts';
import { validateSelector } from './selector.ts';

const DRIVER_NAME_MAX = 63;

/** The name of a CSI driver (storage/v1 ValidateCSIDriverName). */
export function driverName(name: string, field: string, causes: Causes): void {
  if (name === '') causes.required(field);
  if (name.length > DRIVER_NAME_MAX) causes.tooLong(field, DRIVER_NAME_MAX);
  causes.invalidAll(field, name, dnsSubdomain(name.toLowerCase()));
}

const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

/** storage/v1 VolumeAttachment: who attaches what where. */
export function volumeAttachment(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const attacher = text(spec.attacher);
  if (attacher === '') causes.required('spec.attacher');
  const source = part(spec, 'source') ?? {};
  const volume = source.persistentVolumeName;
  const inline = isDraft(source.inlineVolumeSpec);
  if (typeof volume === 'string') {
    if (inline) causes.forbidden('spec.source', ONE_SOURCE);
    else if (volume === '')
      causes.required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName');
    else causes.invalidAll('spec.source.persistentVolumeName', volume, dnsSubdomain(volume));
  } else if (!inline) causes.required('spec.source', ONE_SOURCE);
  const node = text(spec.nodeName);
  causes.invalidAll('spec.nodeName', node, dnsSubdomain(node));
  driverName(attacher, 'spec.attacher', causes);
}

export function volumeAttachmentUpdate(object: Draft, old: Draft, causes: Causes): void {
  if (!isDeepStrictEqual(specOf(object), specOf(old))) causes.invalid('spec', specOf(object), IMMUTABLE);
}

/** storage/v1 VolumeAttributesClass. */
export function attributesClass(object: Draft, causes: Causes): void {
  const driver = text(object.driverName).toLowerCase();
  if (driver === '') causes.required('driverName');
  else causes.invalidAll('driverName', object.driverName, qualifiedName(driver));
  if (Object.keys(part(object, 'parameters') ?? {}).length === 0)
    causes.required('parameters', 'must contain at least one key/value pair');
}

export function attributesClassUpdate(object: Draft, old: Draft, causes: Causes): void {
  for (const field of ['driverName', 'parameters'])
    if (!isDeepStrictEqual(object[field], old[field])) causes.forbidden(field, `updates to ${field} are forbidden.`);
}

const NODE_ID_MAX = 256;

/** storage/v1 CSINode: drivers by name, with the node's name in each. */
export function csiNode(object: Draft, causes: Causes): void {
  const drivers = specOf(object).drivers;
  const names = new Set<string>();
  (Array.isArray(drivers) ? drivers : []).forEach((given, i) => {
    const driver: Draft = isDraft(given) ? given : {};
    const at = `spec.drivers[${i}]`;
    const name = text(driver.name);
    driverName(name, `${at}.name`, causes);
    const id = text(driver.nodeID);
    if (id === '') causes.required(`${at}.nodeID`);
    if (id.length > NODE_ID_MAX) causes.invalid(`${at}.nodeID`, id, `must be ${NODE_ID_MAX} characters or less`);
    const count = part(driver, 'allocatable')?.count;
    if (typeof count === 'number' && count < 0)
      causes.invalid(`${at}.allocatable.count`, count, 'must be greater than or equal to 0');
    if (names.has(name)) causes.duplicate(`${at}.name`, name);
    names.add(name);
    const keys = (Array.isArray(driver.topologyKeys) ? driver.topologyKeys : []).map(text);
    keys.forEach((key, k) => {
      if (key === '') causes.required(at);
      if (keys.indexOf(key) < k) causes.duplicate(at, key);
      causes.invalidAll(at, key, qualifiedName(key));
    });
  });
}

/** Drivers may come and go; what one says of itself stays. */
export function csiNodeUpdate(object: Draft, old: Draft, causes: Causes): void {
  const now = new Map(parts(specOf(object), 'drivers').map(driver => [text(driver.name), driver]));
  for (const driver of parts(specOf(old), 'drivers')) {
    const after = now.get(text(driver.name)) ?? driver;
    // How much it takes may be told later, once.
    const { allocatable, ...rest } = after;
    const said = driver.allocatable === undefined ? rest : { ...rest, allocatable };
    if (!isDeepStrictEqual(said, driver)) causes.invalid('spec.drivers', after, IMMUTABLE);
  }
}

/** storage/v1 CSIStorageCapacity. */
export function storageCapacity(object: Draft, causes: Causes): void {
  validateSelector(part(object, 'nodeTopology'), 'nodeTopology', causes);
  const name = text(object.storageClassName);
  causes.invalidAll('storageClassName', name, dnsSubdomain(name));
  // How large a volume can be is not looked at.
  const size = object.capacity === undefined ? undefined : Quantity.parse(String(object.capacity));
  if (size && size.nano < 0n) causes.invalid('capacity', size.toString(), 'must be greater than or equal to 0');
}

export function storageCapacityUpdate(object: Draft, old: Draft, causes: Causes): void {
  for (const field of ['nodeTopology', 'storageClassName'])
    if (!isDeepStrictEqual(object[field], old[field])) causes.invalid(field, object[field], IMMUTABLE);
}
