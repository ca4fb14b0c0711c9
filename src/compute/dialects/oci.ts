/** The first container of a pod's kernel, or one that joins it by its id. */
export type PodKernel = 'begin' | { readonly id: string; readonly sharesProcesses: boolean };

/** What differs between OCI runtimes driven by command line (runc's own set of verbs and flags). */
export interface OciDialect {
  readonly handler: string;
  readonly binary: string;
  /** The command that installs it, for the Fault when it is missing. */
  readonly install: string;
  /** Whether AppArmor's profiles hold for its containers; a container that asks for one is refused otherwise. */
  readonly appArmor: boolean;
  /** Before the verb, beside `--root` and `--log`. */
  readonly globalFlags: readonly string[];
  /** Mounts to take away in the private mount namespace the runtime is started in. */
  readonly unmount: readonly string[];
  /** A runtime that was seen to hang is given this long, milliseconds. */
  readonly start_ms_max: number;
  /** Whether it may be asked for a negative oom_score_adj without CAP_SYS_RESOURCE. */
  readonly toleratesOomScore: boolean;
  /** Commands and signals go by its own verbs, its limits are those of the group it is started in: its processes are not the machine's. */
  readonly execsItself?: boolean;
  /** The pod's network is a stack of the runtime's own: it answers at the pod's address, and not in the namespace. */
  readonly ownNetwork?: boolean;
  /** Beside the global flags, for pods on the machine's own network. */
  readonly hostNetwork?: readonly string[];
  /** How it writes a running container to files; absent where it has no such verb. */
  readonly checkpoint?: 'own' | 'criu';
  /** Whether the files of a checkpoint hold all that a container had: its memory, and the changes to its root's files. */
  readonly restores?: boolean;
  /** How it is made to tell what processes do; `config`: a file with what `session` describes. */
  readonly trace?: {
    /** What is told to the socket at `endpoint`. */
    session(endpoint: string): Record<string, unknown>;
    /** Before the verb, for a container that starts; its file has the session as `trace_session`. */
    startFlags(config: string): readonly string[];
    /** Verb and arguments, for one that runs. */
    join(config: string, id: string): readonly string[];
    leave(id: string): readonly string[];
  };
  /**
   * Whether containers of a pod run on one kernel of the pod's own, which is started with the pod, unless the pod has but one
   * container. Their limits are then those of the pod.
   */
  readonly podKernel?: boolean;
  /** Takes out of the specification what this runtime refuses. `kernel`: that of the pod; 'begin' for the pod's own container. */
  adapt?(config: Readonly<Record<string, unknown>>, hostname: string, kernel?: PodKernel): Record<string, unknown>;
}
