/** A program of the machine run at a moment of a container's life (runtime specification, "POSIX-platform Hooks"). */
export interface Hook {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Seconds. */
  readonly timeout?: number;
}
export type HookPhase = 'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop';
export type Hooks = Readonly<Partial<Record<HookPhase, readonly Hook[]>>>;
