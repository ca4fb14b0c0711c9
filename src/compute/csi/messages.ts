import { Codec } from '../protobuf/codec.ts';

/** The messages used here of the Container Storage Interface, version 1 (names and numbers of its specification). */
const MESSAGES = `
Empty
BoolValue value:1:bool
PluginInfo name:1:string vendorVersion:2:string manifest:3:%string
PluginCapabilities capabilities:1:*PluginCapability
PluginCapability service:1:Typed volumeExpansion:2:Typed
Typed type:1:int32
Probe ready:1:BoolValue
RpcCapabilities capabilities:1:*RpcCapability
RpcCapability rpc:1:Typed
CapacityRange requiredBytes:1:int64 limitBytes:2:int64
MountVolume fsType:1:string mountFlags:2:*string volumeMountGroup:3:string
AccessMode mode:1:int32
VolumeCapability block:1:Empty mount:2:MountVolume accessMode:3:AccessMode
Topology segments:1:%string
TopologyRequirement requisite:1:*Topology preferred:2:*Topology
CreateVolumeRequest name:1:string capacityRange:2:CapacityRange volumeCapabilities:3:*VolumeCapability parameters:4:%string secrets:5:%string volumeContentSource:6:ContentSource accessibilityRequirements:7:TopologyRequirement
Volume capacityBytes:1:int64 volumeId:2:string volumeContext:3:%string contentSource:4:ContentSource accessibleTopology:5:*Topology
CreateVolumeResponse volume:1:Volume
DeleteVolumeRequest volumeId:1:string secrets:2:%string
ControllerPublishVolumeRequest volumeId:1:string nodeId:2:string volumeCapability:3:VolumeCapability readonly:4:bool secrets:5:%string volumeContext:6:%string
ControllerPublishVolumeResponse publishContext:1:%string
ControllerUnpublishVolumeRequest volumeId:1:string nodeId:2:string secrets:3:%string
ControllerExpandVolumeRequest volumeId:1:string capacityRange:2:CapacityRange secrets:3:%string volumeCapability:4:VolumeCapability
ControllerExpandVolumeResponse capacityBytes:1:int64 nodeExpansionRequired:2:bool
SnapshotSource snapshotId:1:string
VolumeSource volumeId:1:string
ContentSource snapshot:1:SnapshotSource volume:2:VolumeSource
Timestamp seconds:1:int64 nanos:2:int32
Snapshot sizeBytes:1:int64 snapshotId:2:string sourceVolumeId:3:string creationTime:4:Timestamp readyToUse:5:bool
CreateSnapshotRequest sourceVolumeId:1:string name:2:string secrets:3:%string parameters:4:%string
CreateSnapshotResponse snapshot:1:Snapshot
DeleteSnapshotRequest snapshotId:1:string secrets:2:%string
ListSnapshotsRequest maxEntries:1:int32 startingToken:2:string sourceVolumeId:3:string snapshotId:4:string secrets:5:%string
ListedSnapshot snapshot:1:Snapshot
ListSnapshotsResponse entries:1:*ListedSnapshot nextToken:2:string
NodeInfo nodeId:1:string maxVolumesPerNode:2:int64 accessibleTopology:3:Topology
NodeStageVolumeRequest volumeId:1:string publishContext:2:%string stagingTargetPath:3:string volumeCapability:4:VolumeCapability secrets:5:%string volumeContext:6:%string
NodeUnstageVolumeRequest volumeId:1:string stagingTargetPath:2:string
NodePublishVolumeRequest volumeId:1:string publishContext:2:%string stagingTargetPath:3:string targetPath:4:string volumeCapability:5:VolumeCapability readonly:6:bool secrets:7:%string volumeContext:8:%string
NodeUnpublishVolumeRequest volumeId:1:string targetPath:2:string
NodeExpandVolumeRequest volumeId:1:string volumePath:2:string capacityRange:3:CapacityRange stagingTargetPath:4:string volumeCapability:5:VolumeCapability secrets:6:%string
NodeExpandVolumeResponse capacityBytes:1:int64
`;

export const csiCodec = new Codec(MESSAGES);

type Words = Readonly<Record<string, string>>;

export interface VolumeCapability {
  readonly mount?: { readonly fsType: string; readonly mountFlags: readonly string[] };
  /** The volume is given as a block device. */
  readonly block?: object;
  readonly accessMode: { readonly mode: number };
}

export interface Topology {
  readonly segments: Words;
}

interface Capability {
  readonly rpc?: { readonly type: number };
}

/** Methods by name: service, request and response message. */
export const CSI_METHODS = {
  GetPluginInfo: ['Identity', 'Empty', 'PluginInfo'],
  GetPluginCapabilities: ['Identity', 'Empty', 'PluginCapabilities'],
  Probe: ['Identity', 'Empty', 'Probe'],
  CreateVolume: ['Controller', 'CreateVolumeRequest', 'CreateVolumeResponse'],
  DeleteVolume: ['Controller', 'DeleteVolumeRequest', 'Empty'],
  ControllerPublishVolume: ['Controller', 'ControllerPublishVolumeRequest', 'ControllerPublishVolumeResponse'],
  ControllerUnpublishVolume: ['Controller', 'ControllerUnpublishVolumeRequest', 'Empty'],
  ControllerGetCapabilities: ['Controller', 'Empty', 'RpcCapabilities'],
  ControllerExpandVolume: ['Controller', 'ControllerExpandVolumeRequest', 'ControllerExpandVolumeResponse'],
  CreateSnapshot: ['Controller', 'CreateSnapshotRequest', 'CreateSnapshotResponse'],
  DeleteSnapshot: ['Controller', 'DeleteSnapshotRequest', 'Empty'],
  ListSnapshots: ['Controller', 'ListSnapshotsRequest', 'ListSnapshotsResponse'],
  NodeStageVolume: ['Node', 'NodeStageVolumeRequest', 'Empty'],
  NodeUnstageVolume: ['Node', 'NodeUnstageVolumeRequest', 'Empty'],
  NodePublishVolume: ['Node', 'NodePublishVolumeRequest', 'Empty'],
  NodeUnpublishVolume: ['Node', 'NodeUnpublishVolumeRequest', 'Empty'],
  NodeGetCapabilities: ['Node', 'Empty', 'RpcCapabilities'],
  NodeGetInfo: ['Node', 'Empty', 'NodeInfo'],
  NodeExpandVolume: ['Node', 'NodeExpandVolumeRequest', 'NodeExpandVolumeResponse'],
} as const;

/** What a volume is made of: a snapshot or another volume. */
export interface ContentSource {
  readonly snapshot?: { readonly snapshotId: string };
  readonly volume?: { readonly volumeId: string };
}

export interface Snapshot {
  readonly sizeBytes: number;
  readonly snapshotId: string;
  readonly sourceVolumeId: string;
  readonly creationTime?: { readonly seconds: number; readonly nanos: number };
  readonly readyToUse: boolean;
}

interface Expansion {
  readonly volumeId: string;
  readonly capacityRange: { readonly requiredBytes: number };
  readonly volumeCapability: VolumeCapability;
}
interface Mounting {
  readonly volumeId: string;
  readonly publishContext: Words;
  readonly stagingTargetPath: string;
  readonly volumeCapability: VolumeCapability;
  readonly secrets: Words;
  readonly volumeContext: Words;
}

/** What each method takes and gives. */
export interface CsiCalls {
  GetPluginInfo: [object, { readonly name: string; readonly vendorVersion: string }];
  GetPluginCapabilities: [
    object,
    { readonly capabilities: readonly { readonly service?: { readonly type: number } }[] },
  ];
  Probe: [object, { readonly ready?: { readonly value: boolean } }];
  CreateVolume: [
    {
      readonly name: string;
      readonly capacityRange: { readonly requiredBytes: number };
      readonly volumeCapabilities: readonly VolumeCapability[];
      readonly parameters: Words;
      readonly secrets: Words;
      readonly volumeContentSource?: ContentSource;
      readonly accessibilityRequirements?: {
        readonly requisite: readonly Topology[];
        readonly preferred: readonly Topology[];
      };
    },
    {
      readonly volume?: {
        readonly capacityBytes: number;
        readonly volumeId: string;
        readonly volumeContext: Words;
        readonly contentSource?: ContentSource;
        readonly accessibleTopology: readonly Topology[];
      };
    },
  ];
  DeleteVolume: [{ readonly volumeId: string; readonly secrets: Words }, object];
  ControllerPublishVolume: [
    Omit<Mounting, 'publishContext' | 'stagingTargetPath'> & { readonly nodeId: string; readonly readonly: boolean },
    { readonly publishContext: Words },
  ];
  ControllerUnpublishVolume: [{ readonly volumeId: string; readonly nodeId: string; readonly secrets: Words }, object];
  ControllerGetCapabilities: [object, { readonly capabilities: readonly Capability[] }];
  ControllerExpandVolume: [
    Expansion & { readonly secrets: Words },
    { readonly capacityBytes: number; readonly nodeExpansionRequired: boolean },
  ];
  CreateSnapshot: [
    { readonly sourceVolumeId: string; readonly name: string; readonly secrets: Words; readonly parameters: Words },
    { readonly snapshot?: Snapshot },
  ];
  DeleteSnapshot: [{ readonly snapshotId: string; readonly secrets: Words }, object];
  ListSnapshots: [
    { readonly snapshotId: string; readonly secrets: Words },
    { readonly entries: readonly { readonly snapshot?: Snapshot }[] },
  ];
  NodeStageVolume: [Mounting, object];
  NodeUnstageVolume: [{ readonly volumeId: string; readonly stagingTargetPath: string }, object];
  NodePublishVolume: [Mounting & { readonly targetPath: string; readonly readonly: boolean }, object];
  NodeUnpublishVolume: [{ readonly volumeId: string; readonly targetPath: string }, object];
  NodeGetCapabilities: [object, { readonly capabilities: readonly Capability[] }];
  NodeGetInfo: [
    object,
    { readonly nodeId: string; readonly maxVolumesPerNode: number; readonly accessibleTopology?: Topology },
  ];
  NodeExpandVolume: [
    Expansion & { readonly volumePath: string; readonly stagingTargetPath: string },
    { readonly capacityBytes: number },
  ];
}

/** Numbers of the specification's enums. */
export const CONTROLLER_SERVICE = 1;
export const CONTROLLER = { createDelete: 1, publish: 2, snapshot: 5, listSnapshots: 6, clone: 7, expand: 9 } as const;
export const NODE = { stage: 1, expand: 3 } as const;
const MODES: Readonly<Record<string, number>> = {
  ReadWriteOnce: 1,
  ReadOnlyMany: 3,
  ReadWriteMany: 5,
  ReadWriteOncePod: 1,
};

/** The capability a claim's or volume's access modes ask for: the widest of them; a block volume has no file system. */
export function capabilityOf(
  modes: readonly string[],
  fsType: string,
  mountFlags: readonly string[],
  volumeMode?: unknown,
): VolumeCapability {
  const mode = Math.max(1, ...modes.map(name => MODES[name] ?? 1));
  if (volumeMode === 'Block') return { block: {}, accessMode: { mode } };
  return { mount: { fsType, mountFlags }, accessMode: { mode } };
}
