import { type Client, isAlreadyExists, type KubeObject, type ResourceRef } from '../../kernel/index.ts';

export const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';
const snapshot = (resource: string): ResourceRef => ({ group: SNAPSHOT_GROUP, version: 'v1', resource });
export const SNAPSHOTS = snapshot('volumesnapshots');
export const CONTENTS = snapshot('volumesnapshotcontents');
export const CLASSES = snapshot('volumesnapshotclasses');
const DEFINITIONS: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
};

export type VolumeSnapshotClass = KubeObject & {
  readonly driver: string;
  readonly deletionPolicy: string;
  readonly parameters?: Readonly<Record<string, string>>;
};
export type VolumeSnapshot = KubeObject & {
  readonly spec: {
    readonly source: { readonly persistentVolumeClaimName?: string; readonly volumeSnapshotContentName?: string };
    readonly volumeSnapshotClassName?: string;
  };
  readonly status?: { readonly boundVolumeSnapshotContentName?: string; readonly readyToUse?: boolean };
};
export type VolumeSnapshotContent = KubeObject & {
  readonly spec: {
    readonly driver: string;
    readonly deletionPolicy: string;
    readonly source: { readonly volumeHandle?: string; readonly snapshotHandle?: string };
    readonly sourceVolumeMode?: string;
    readonly volumeSnapshotClassName?: string;
    readonly volumeSnapshotRef: { readonly name?: string; readonly namespace?: string; readonly uid?: string };
  };
  readonly status?: {
    readonly snapshotHandle?: string;
    /** Nanoseconds since 1970; more than a number holds exactly, and cut to seconds where it is shown. */
    readonly creationTime?: number;
    readonly readyToUse?: boolean;
    /** Bytes. */
    readonly restoreSize?: number;
    readonly error?: { readonly message?: string; readonly time?: string };
  };
};

const text = { type: 'string' };
const flag = { type: 'boolean' };
const long = { type: 'integer', format: 'int64', minimum: 0 };
const time = { type: 'string', format: 'date-time' };
const failure = { type: 'object', properties: { message: text, time } };
const policy = { type: 'string', enum: ['Delete', 'Retain'] };
const object = (properties: object, required: readonly string[] = []): object => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
});
/** Exactly one of two, for good. */
const either = (left: string, right: string): object => ({
  ...object({ [left]: text, [right]: text }),
  'x-kubernetes-validations': [
    { rule: `has(self.${left}) != has(self.${right})`, message: `exactly one of ${left} and ${right} must be set` },
    { rule: 'self == oldSelf', message: 'source is immutable' },
  ],
});

/** Kinds of snapshots as Kubernetes documents them ("Volume Snapshots", "Volume Snapshot Classes"); [kind, plural, scope, short names, schema]. */
const KINDS = [
  [
    'VolumeSnapshotClass',
    'Cluster',
    ['vsclass', 'vsclasses'],
    object({ driver: text, deletionPolicy: policy, parameters: { type: 'object', additionalProperties: text } }, [
      'driver',
      'deletionPolicy',
    ]),
  ],
  [
    'VolumeSnapshot',
    'Namespaced',
    ['vs'],
    object(
      {
        spec: object(
          { source: either('persistentVolumeClaimName', 'volumeSnapshotContentName'), volumeSnapshotClassName: text },
          ['source'],
        ),
        status: object({
          boundVolumeSnapshotContentName: text,
          creationTime: time,
          readyToUse: flag,
          restoreSize: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
          error: failure,
        }),
      },
      ['spec'],
    ),
  ],
  [
    'VolumeSnapshotContent',
    'Cluster',
    ['vsc', 'vscs'],
    object(
      {
        spec: object(
          {
            driver: text,
            deletionPolicy: policy,
            source: either('volumeHandle', 'snapshotHandle'),
            sourceVolumeMode: text,
            volumeSnapshotClassName: text,
            volumeSnapshotRef: object({
              apiVersion: text,
              fieldPath: text,
              kind: text,
              name: text,
              namespace: text,
              resourceVersion: text,
              uid: text,
            }),
          },
          ['deletionPolicy', 'driver', 'source', 'volumeSnapshotRef'],
        ),
        status: object({
          snapshotHandle: text,
          creationTime: { type: 'integer', format: 'int64' },
          readyToUse: flag,
          restoreSize: long,
          error: failure,
        }),
      },
      ['spec'],
    ),
  ],
] as const;

/** Defines the kinds of volume snapshots where nobody has. */
export async function seedSnapshotKinds(client: Client): Promise<void> {
  for (const [kind, scope, shortNames, openAPIV3Schema] of KINDS) {
    const plural = kind === 'VolumeSnapshotClass' ? `${kind.toLowerCase()}es` : `${kind.toLowerCase()}s`;
    const name = `${plural}.${SNAPSHOT_GROUP}`;
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name,
        annotations: { 'api-approved.kubernetes.io': 'unapproved, the fields of snapshot.storage.k8s.io/v1' },
      },
      spec: {
        group: SNAPSHOT_GROUP,
        scope,
        names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, shortNames },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema },
            ...(kind === 'VolumeSnapshotClass' ? {} : { subresources: { status: {} } }),
          },
        ],
      },
    };
    await client.create(DEFINITIONS, definition as unknown as KubeObject).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
}
