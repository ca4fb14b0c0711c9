/**
 * Messages of ttrpc (containerd/ttrpc PROTOCOL.md) and of the shim's task service (runtime v2), one a line:
 * name, then `field:number:type`, `*` for repeated and `%` for maps.
 */
export const SHIM_MESSAGES = `
ttrpc.Request service:1:string method:2:string payload:3:bytes timeout:4:int64
ttrpc.Response status:1:ttrpc.Status payload:2:bytes
ttrpc.Status code:1:int32 message:2:string
task.Any type:1:string value:2:bytes
task.Time seconds:1:int64 nanos:2:int32
task.Mount type:1:string source:2:string target:3:string options:4:*string
task.CreateRequest id:1:string bundle:2:string rootfs:3:*task.Mount terminal:4:bool stdin:5:string stdout:6:string stderr:7:string checkpoint:8:string options:10:task.Any
task.CreateResponse pid:1:uint32
task.StartRequest id:1:string execId:2:string
task.StartResponse pid:1:uint32
task.DeleteRequest id:1:string execId:2:string
task.DeleteResponse pid:1:uint32 exitStatus:2:uint32 exitedAt:3:task.Time
task.ExecRequest id:1:string execId:2:string terminal:3:bool stdin:4:string stdout:5:string stderr:6:string spec:7:task.Any
task.StateRequest id:1:string execId:2:string
task.StateResponse id:1:string bundle:2:string pid:3:uint32 status:4:int32 exitStatus:9:uint32 exitedAt:10:task.Time
task.KillRequest id:1:string execId:2:string signal:3:uint32 all:4:bool
task.WaitRequest id:1:string execId:2:string
task.WaitResponse exitStatus:1:uint32 exitedAt:2:task.Time
task.PidsRequest id:1:string
task.PidsResponse processes:1:*task.ProcessInfo
task.ProcessInfo pid:1:uint32
task.ConnectRequest id:1:string
task.ConnectResponse shimPid:1:uint32 taskPid:2:uint32 version:3:string
task.CloseIORequest id:1:string execId:2:string stdin:3:bool
task.ResizePtyRequest id:1:string execId:2:string width:3:uint32 height:4:uint32
task.UpdateRequest id:1:string resources:2:task.Any
task.CheckpointRequest id:1:string path:2:string
task.PauseRequest id:1:string
task.ResumeRequest id:1:string
task.ShutdownRequest id:1:string now:2:bool
task.Empty
`;

/** A process of a task: the container's own with an empty `execId`. */
export interface TaskProcess {
  readonly id: string;
  readonly execId?: string;
}

export interface TaskState {
  readonly pid: number;
  readonly status: 'unknown' | 'created' | 'running' | 'stopped' | 'paused' | 'pausing';
  readonly exitStatus: number;
}

/** `status` of a StateResponse by number. */
export const TASK_STATUS: readonly TaskState['status'][] = [
  'unknown',
  'created',
  'running',
  'stopped',
  'paused',
  'pausing',
];
