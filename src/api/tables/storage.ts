import type { KubeObject } from '../../kernel/index.ts';
import { ageCell, at, boolCell, listAt, nameOf, shape, textAt } from './shape.ts';
import type { Cell, TableShape } from './shape.ts';

const SHORT_MODES: ReadonlyMap<string, string> = new Map([
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
]);

/** `RWO,ROX` in the API's own order. */
const modesText = (modes: unknown): string =>
  [...SHORT_MODES]
    .filter(([mode]) => Array.isArray(modes) && modes.includes(mode))
    .map(([, short]) => short)
    .join(',');

const phaseOf = (object: KubeObject): string =>
  object.metadata.deletionTimestamp ? 'Terminating' : textAt(object, 'status.phase');

function volumeCells(volume: KubeObject, now_ms: number): Cell[] {
  const claim = at(volume, 'spec.claimRef');
  return [
    nameOf(volume),
    textAt(volume, 'spec.capacity.storage'),
    modesText(at(volume, 'spec.accessModes')),
    textAt(volume, 'spec.persistentVolumeReclaimPolicy'),
    phaseOf(volume),
    claim ? `${textAt(claim, 'namespace')}/${textAt(claim, 'name')}` : '',
    classOf(volume),
    textAt(volume, 'spec.volumeAttributesClassName', '<unset>'),
    textAt(volume, 'status.reason'),
    ageCell(volume, now_ms),
    textAt(volume, 'spec.volumeMode', '<unset>'),
  ];
}

/** The class by its field, or by the annotation older manifests use. */
const classOf = (object: KubeObject): string =>
  object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? textAt(object, 'spec.storageClassName');

function claimCells(claim: KubeObject, now_ms: number): Cell[] {
  const bound = textAt(claim, 'spec.volumeName') !== '';
  return [
    nameOf(claim),
    phaseOf(claim),
    textAt(claim, 'spec.volumeName'),
    bound ? textAt(claim, 'status.capacity.storage') : '',
    bound ? modesText(at(claim, 'status.accessModes')) : '',
    classOf(claim),
    textAt(claim, 'spec.volumeAttributesClassName', '<unset>'),
    ageCell(claim, now_ms),
    textAt(claim, 'spec.volumeMode', '<unset>'),
  ];
}

const isDefaultClass = (object: KubeObject): boolean =>
  object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ||
  object.metadata.annotations?.['storageclass.beta.kubernetes.io/is-default-class'] === 'true';

function driverCells(driver: KubeObject, now_ms: number): Cell[] {
  const audiences = listAt(driver, 'spec.tokenRequests').map(one => textAt(one, 'audience'));
  const modes = at(driver, 'spec.volumeLifecycleModes');
  return [
    nameOf(driver),
    at(driver, 'spec.attachRequired') !== false,
    at(driver, 'spec.podInfoOnMount') === true,
    at(driver, 'spec.storageCapacity') === true,
    audiences.length === 0 ? '<unset>' : audiences.join(','),
    at(driver, 'spec.requiresRepublish') === true,
    Array.isArray(modes) && modes.length > 0 ? modes.join(',') : '<unset>',
    ageCell(driver, now_ms),
  ];
}

export const STORAGE_SHAPES: readonly (readonly [string, TableShape])[] = [
  [
    '/PersistentVolume',
    shape(
      'Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|VolumeMode*',
      volumeCells,
    ),
  ],
  [
    '/PersistentVolumeClaim',
    shape('Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode*', claimCells),
  ],
  [
    'storage.k8s.io/StorageClass',
    shape('Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age', (object, now_ms) => [
      isDefaultClass(object) ? `${nameOf(object)} (default)` : nameOf(object),
      textAt(object, 'provisioner'),
      textAt(object, 'reclaimPolicy', 'Delete'),
      textAt(object, 'volumeBindingMode', 'Immediate'),
      object.allowVolumeExpansion === true,
      ageCell(object, now_ms),
    ]),
  ],
  [
    'storage.k8s.io/VolumeAttributesClass',
    shape('Name|DriverName|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'driverName'),
      ageCell(object, now_ms),
    ]),
  ],
  [
    'storage.k8s.io/VolumeAttachment',
    shape('Name|Attacher|PV|Node|Attached|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'spec.attacher'),
      textAt(object, 'spec.source.persistentVolumeName'),
      textAt(object, 'spec.nodeName'),
      at(object, 'status.attached') === true,
      ageCell(object, now_ms),
    ]),
  ],
  [
    'storage.k8s.io/CSINode',
    shape('Name|Drivers#|Age', (object, now_ms) => [
      nameOf(object),
      listAt(object, 'spec.drivers').length,
      ageCell(object, now_ms),
    ]),
  ],
  [
    'storage.k8s.io/CSIDriver',
    shape(
      'Name|AttachRequired?|PodInfoOnMount?|StorageCapacity?|TokenRequests|RequiresRepublish?|Modes|Age',
      driverCells,
    ),
  ],
  [
    'storage.k8s.io/CSIStorageCapacity',
    shape('Name|StorageClassName|Capacity', object => [
      nameOf(object),
      textAt(object, 'storageClassName'),
      textAt(object, 'capacity', '<unset>'),
    ]),
  ],
  [
    'resource.k8s.io/ResourceClaim',
    shape('Name|State|Age', (object, now_ms) => {
      const states = [
        ...(object.metadata.deletionTimestamp ? ['deleted'] : []),
        ...(at(object, 'status.allocation') ? ['allocated'] : []),
        ...(listAt(object, 'status.reservedFor').length > 0 ? ['reserved'] : []),
      ];
      return [nameOf(object), states.length === 0 ? 'pending' : states.join(','), ageCell(object, now_ms)];
    }),
  ],
  [
    'resource.k8s.io/ResourceClaimTemplate',
    shape('Name|Age', (object, now_ms) => [nameOf(object), ageCell(object, now_ms)]),
  ],
  ['resource.k8s.io/DeviceClass', shape('Name|Age', (object, now_ms) => [nameOf(object), ageCell(object, now_ms)])],
  [
    'resource.k8s.io/ResourceSlice',
    shape('Name|Node|Driver|Pool|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'spec.nodeName') || (boolCell(at(object, 'spec.allNodes')) === 'True' ? '<all>' : '<unset>'),
      textAt(object, 'spec.driver'),
      textAt(object, 'spec.pool.name'),
      ageCell(object, now_ms),
    ]),
  ],
];
