/**
 * Messages of the runtime monitoring protocol (gVisor, "Runtime Monitoring" and its published point schemas): a line a
 * message, its name, then `field:number:type`, `*` before the type for lists.
 */
const CONTEXT = 'context:1:Context';
const CALL = `${CONTEXT} exit:2:Exit sysno:3:uint64`;

export const TRACE_MESSAGES = `
Handshake version:1:uint32
Timespec sec:1:int64 nsec:2:int64
Credentials realUid:1:uint32 effectiveUid:2:uint32 savedUid:3:uint32 realGid:4:uint32 effectiveGid:5:uint32 savedGid:6:uint32
Context time_ns:1:int64 threadId:2:int32 threadGroupId:4:int32 containerId:6:string credentials:7:Credentials cwd:8:string processName:9:string parentThreadGroupId:10:int32 isExecSession:11:bool
Exit result:1:int64 errorno:2:int64
Start ${CONTEXT} id:2:string cwd:3:string args:4:*string env:5:*string terminal:6:bool
Clone ${CONTEXT} createdThreadId:3:int32 createdThreadGroupId:4:int32 flags:6:uint64
Exec ${CONTEXT} binaryPath:2:string argv:3:*string binaryMode:5:uint32 binaryUid:6:uint32 binaryGid:7:uint32
TaskExit ${CONTEXT} exitStatus:2:int32
CallRaw ${CONTEXT} exit:2:Exit sysno:4:uint64 arg1:5:uint64 arg2:6:uint64 arg3:7:uint64 arg4:8:uint64 arg5:9:uint64 arg6:10:uint64
CallOpen ${CALL} fd:4:int64 fdPath:5:string pathname:6:string flags:7:uint32 mode:8:uint32
CallClose ${CALL} fd:4:int64 fdPath:5:string
CallRead ${CALL} fd:4:int64 fdPath:5:string count:6:uint64 hasOffset:7:bool offset:8:int64 flags:9:uint32
CallConnect ${CALL} fd:4:int64 fdPath:5:string address:6:bytes
CallExecve ${CALL} fd:4:int64 fdPath:5:string pathname:6:string argv:7:*string envv:8:*string flags:9:uint32
CallSocket ${CALL} domain:4:int32 type:5:int32 protocol:6:int32
CallChdir ${CALL} fd:4:int64 fdPath:5:string pathname:6:string
CallSetId ${CALL} id:4:uint32
CallSetResId ${CALL} real:4:uint32 effective:5:uint32 saved:6:uint32
Limit cur:1:uint64 max:2:uint64
CallPrlimit ${CALL} pid:4:int32 resource:5:int64 newLimit:6:Limit oldLimit:7:Limit
CallPipe ${CALL} flags:4:uint32 reader:5:int32 writer:6:int32
CallFcntl ${CALL} fd:4:int32 fdPath:5:string command:6:int32 argument:7:int64
CallDup ${CALL} fd:4:int32 newFd:5:int32 fdPath:6:string flags:7:uint32
CallSignalFd ${CALL} fd:4:int32 fdPath:5:string sigset:6:uint64 flags:7:int32
CallChroot ${CALL} pathname:4:string
CallEventFd ${CALL} value:4:int32 flags:5:uint32
CallClone ${CALL} flags:4:uint64 stack:5:uint64 newThreadId:6:uint64 tls:7:uint64
CallBind ${CALL} fd:4:int32 fdPath:5:string address:6:bytes
CallAccept ${CALL} fd:4:int32 fdPath:5:string address:6:bytes flags:7:int32
CallListen ${CALL} fd:4:int32 fdPath:5:string backlog:6:int32 address:7:bytes socketFamily:8:int32 socketType:9:int32
CallTimerCreate ${CALL} clockId:4:int32 flags:5:int32
Interval interval:1:Timespec value:2:Timespec
CallTimerSet ${CALL} fd:4:int32 fdPath:5:string flags:6:int32 newValue:7:Interval oldValue:8:Interval
CallTimerGet ${CALL} fd:4:int32 fdPath:5:string value:6:Interval
CallFork ${CALL}
CallInotifyInit ${CALL} flags:4:int32
CallInotifyAdd ${CALL} fd:4:int32 fdPath:5:string pathname:6:string mask:7:uint32
CallInotifyRemove ${CALL} fd:4:int32 fdPath:5:string watch:6:int32
CallSocketPair ${CALL} domain:4:int32 type:5:int32 protocol:6:int32 first:7:int32 second:8:int32
CallMmap ${CALL} fd:4:int64 fdPath:5:string address:6:uint64 length:7:uint64 protection:8:uint32 flags:9:uint32 offset:10:int64
CallPtrace ${CALL} request:4:int64 pid:5:int32
`;

/** What the number of a message's header says it is; `MessageType` of the same schemas. */
export const MESSAGE_TYPES: ReadonlyMap<number, string> = new Map(
  (
    '1:Start 2:Clone 3:Exec 5:TaskExit 6:CallRaw 7:CallOpen 8:CallClose 9:CallRead 10:CallConnect 11:CallExecve ' +
    '12:CallSocket 13:CallChdir 14:CallSetId 15:CallSetResId 16:CallPrlimit 17:CallPipe 18:CallFcntl 19:CallDup ' +
    '20:CallSignalFd 21:CallChroot 22:CallEventFd 23:CallClone 24:CallBind 25:CallAccept 26:CallTimerCreate ' +
    '27:CallTimerSet 28:CallTimerGet 29:CallFork 30:CallInotifyInit 31:CallInotifyAdd 32:CallInotifyRemove ' +
    '33:CallSocketPair 34:CallRead 36:CallMmap 37:CallListen 38:CallPtrace'
  )
    .split(' ')
    .map(entry => entry.split(':'))
    .map(([number, name]) => [Number(number), name ?? '']),
);
