/** The process that plays stages: it watches the kinds they speak of and takes each object on when its time has come. */
import type { Clock, Random, Timer } from '../../../../base/index.ts';
import {
  type Client,
  formatKey,
  Informer,
  isAlreadyExists,
  isNotFound,
  kindOf,
  type KubeObject,
  type ObjectKey,
  type Patch,
  type ResourceCatalog,
  type ResourceDefinition,
} from '../../../../kernel/index.ts';
import type { ProcessParts, ProcessSpec } from '../../model.ts';
import { actsOf, delayRange, nextStage, type StageContext } from './lifecycle.ts';
import type { Stage, StageAct } from './model.ts';

const MANAGER = 'kwok';
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 300_000;
/** How often it is looked whether a node that is off is back, and whether a custom kind is served. */
const LOOK_MS = 5_000;
/** Stages that follow each other at once for one object; more is a ring without delay. */
const AT_ONCE_MAX = 64;

export interface PlayerOptions {
  readonly stages: readonly Stage[];
  readonly catalog: () => ResourceCatalog | undefined;
  /** Functions of templates that ask of the object's node and addresses. */
  readonly functions: (object: KubeObject, now_ms: number) => StageContext['functions'];
  /** False for what nobody takes on: pods without a node. */
  readonly takes: (object: KubeObject) => boolean;
  /** False while nothing can be done for the object: the machine it lies on is off. */
  readonly alive: (object: KubeObject) => boolean;
  /** Told of each object as it now is; undefined when it is gone. */
  readonly seen: (object: KubeObject, gone: boolean) => void;
}

/** The process; it runs beside the control plane and can crash like any other. */
export function stageProcess(options: PlayerOptions): ProcessSpec {
  return {
    name: 'kwok',
    place: 'control',
    start: async parts => {
      const players = new Map<string, Stage[]>();
      for (const stage of options.stages) {
        if (stage.kind === '') continue;
        const key = `${stage.apiVersion} ${stage.kind}`;
        players.set(key, [...(players.get(key) ?? []), stage]);
      }
      const open = [...players.values()].map(stages => new Player(stages, options, parts));
      for (const player of open) player.start();
      return { [Symbol.asyncDispose]: async () => open.forEach(player => player.close()) };
    },
  };
}

interface Waiting {
  readonly timer: Timer;
  readonly resourceVersion: string;
}

/** The stages of one kind. */
class Player {
  readonly #stages: readonly Stage[];
  readonly #options: PlayerOptions;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #report: ProcessParts['report'];
  readonly #waiting = new Map<string, Waiting>();
  readonly #retries = new Map<string, number>();
  readonly #rounds = new Map<string, { at_ms: number; times: number }>();
  #definition!: ResourceDefinition;
  #informer: Informer<KubeObject> | undefined;
  #events = 0;
  #closed = false;

  constructor(stages: readonly Stage[], options: PlayerOptions, { client, clock, random, report }: ProcessParts) {
    this.#stages = stages;
    this.#options = options;
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
    this.#report = report;
  }

  /** Begins as soon as the kind is served. */
  start(): void {
    if (this.#closed) return;
    const [{ apiVersion, kind }] = this.#stages as readonly [Stage];
    const definition = this.#options.catalog()?.kind(kindOf({ apiVersion, kind }));
    if (!definition) {
      this.#clock.after(LOOK_MS, () => this.start());
      return;
    }
    this.#definition = definition;
    this.#informer = new Informer<KubeObject>({
      client: this.#client,
      clock: this.#clock,
      random: this.#random,
      ref: definition,
      report: error => this.#report(error, 'watch'),
    });
    this.#informer.onChange(({ type, object }) => this.#changed(object, type === 'deleted'));
    this.#informer.start();
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#waiting.values()) timer.cancel();
    void this.#informer?.[Symbol.asyncDispose]();
  }

  #changed(object: KubeObject, gone: boolean): void {
    if (this.#closed) return;
    // Members of a list carry no kind of their own.
    const { apiVersion, kind } = this.#stages[0]!;
    const whole = { ...object, apiVersion, kind };
    this.#options.seen(whole, gone);
    const key = keyText(whole);
    if (gone) {
      this.#forget(key);
      this.#retries.delete(key);
      this.#rounds.delete(key);
    } else if (this.#options.takes(whole)) this.#plan(whole);
  }

  #forget(key: string): void {
    this.#waiting.get(key)?.timer.cancel();
    this.#waiting.delete(key);
  }

  /** Draws the object's next stage and waits for its time; what waited for an older state of it does so no more. */
  #plan(object: KubeObject): void {
    const key = keyText(object);
    const resourceVersion = object.metadata.resourceVersion ?? '';
    if (this.#waiting.get(key)?.resourceVersion === resourceVersion) return;
    this.#forget(key);
    const now_ms = this.#clock.now();
    let stage: Stage | undefined;
    let delay_ms = 0;
    try {
      stage = nextStage(this.#stages, object, now_ms, this.#random);
      if (!stage || this.#isRing(key, now_ms)) return;
      const [from = 0, to = from] = delayRange(stage, object, now_ms) ?? [];
      delay_ms = to > from ? from + this.#random.next() * (to - from) : from;
    } catch (error) {
      this.#report(error, `stage of ${key}`);
      return;
    }
    this.#after(key, resourceVersion, delay_ms, () => this.#due(stage, object));
  }

  #after(key: string, resourceVersion: string, delay_ms: number, act: () => void): void {
    const timer = this.#clock.after(delay_ms, () => {
      this.#waiting.delete(key);
      if (!this.#closed) act();
    });
    this.#waiting.set(key, { timer, resourceVersion });
  }

  /** Stages that lead back to themselves without delay would never let time pass. */
  #isRing(key: string, now_ms: number): boolean {
    const round = this.#rounds.get(key);
    if (round?.at_ms !== now_ms) {
      this.#rounds.set(key, { at_ms: now_ms, times: 1 });
      return false;
    }
    if (++round.times <= AT_ONCE_MAX) return false;
    if (round.times === AT_ONCE_MAX + 1)
      this.#report(new Error(`more than ${AT_ONCE_MAX} stages at one instant`), `stage of ${key}`);
    return true;
  }

  #due(stage: Stage, object: KubeObject): void {
    const key = keyText(object);
    if (!this.#options.alive(object)) {
      this.#after(key, object.metadata.resourceVersion ?? '', LOOK_MS, () => this.#due(stage, object));
      return;
    }
    void this.#play(stage, object).then(
      newest => {
        this.#retries.delete(key);
        if (newest && stage.immediateNextStage)
          this.#plan({ ...newest, apiVersion: object.apiVersion, kind: object.kind });
      },
      (error: unknown) => {
        if (this.#closed || isNotFound(error)) return;
        this.#report(error, `stage ${stage.name} of ${key}`);
        const wait_ms = Math.min(this.#retries.get(key) ?? RETRY_MS_MIN, RETRY_MS_MAX);
        this.#retries.set(key, wait_ms * 2);
        if (!this.#waiting.has(key))
          this.#after(key, object.metadata.resourceVersion ?? '', wait_ms, () => this.#due(stage, object));
      },
    );
  }

  /** Does what the stage says; gives the object as the last change of it left it. */
  async #play(stage: Stage, object: KubeObject): Promise<KubeObject | undefined> {
    const now_ms = this.#clock.now();
    const acts = actsOf(stage, object, {
      now_ms,
      functions: this.#options.functions(object, now_ms),
      chance: limit => Math.floor(this.#random.next() * limit),
      patchType: object.apiVersion === 'v1' && /^(Pod|Node)$/.test(object.kind) ? 'strategic' : 'merge',
    });
    let newest: KubeObject | undefined;
    for (const act of acts) newest = (await this.#act(act, object)) ?? newest;
    return newest;
  }

  async #act(act: StageAct, object: KubeObject): Promise<KubeObject | undefined> {
    const key = objectKey(object);
    switch (act.kind) {
      case 'event':
        await this.#event(act, object);
        return undefined;
      case 'delete':
        await this.#client.delete(this.#definition, key, { gracePeriodSeconds: 0 });
        return undefined;
      case 'patch': {
        const options = { fieldManager: MANAGER, ...(act.subresource ? { subresource: act.subresource } : {}) };
        return this.#client.patch<KubeObject>(this.#definition, key, patchOf(act.type, act.data), options);
      }
      case 'apply':
        await this.#apply(act, object);
        return undefined;
    }
  }

  /** Creates the object a template makes, or changes the one that is there. */
  async #apply(act: Extract<StageAct, { kind: 'apply' }>, source: KubeObject): Promise<void> {
    const made = act.data as KubeObject;
    const definition = this.#options.catalog()?.kind(kindOf(made));
    if (!definition) throw new Error(`no matches for kind "${made.kind}" in version "${made.apiVersion}"`);
    const namespace = definition.namespaced
      ? (made.metadata?.namespace ?? source.metadata.namespace ?? 'default')
      : undefined;
    const object = { ...made, metadata: { ...made.metadata, ...(namespace ? { namespace } : {}) } };
    const key = objectKey(object);
    const subresource = act.subresource ? { subresource: act.subresource } : {};
    if (!act.subresource) {
      try {
        await this.#client.create<KubeObject>(definition, object, {
          fieldManager: MANAGER,
          ...(namespace ? { namespace } : {}),
        });
        return;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    if (act.type === 'apply')
      await this.#client.apply(definition, key, object, { fieldManager: MANAGER, force: true, ...subresource });
    else
      await this.#client.patch(definition, key, patchOf(act.type, object), { fieldManager: MANAGER, ...subresource });
  }

  async #event({ type, reason, message }: Extract<StageAct, { kind: 'event' }>, object: KubeObject): Promise<void> {
    const { name = '', namespace = 'default', uid = '', resourceVersion = '' } = object.metadata;
    const time = new Date(this.#clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${uid.slice(0, 8)}${(this.#events++).toString(16).padStart(8, '0')}`, namespace },
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion },
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component: 'kwok_controller' },
      reportingComponent: 'kwok_controller',
      reportingInstance: '',
    };
    // An event that cannot be written holds nothing up.
    await this.#client
      .create<KubeObject>({ group: '', version: 'v1', resource: 'events' }, event, { namespace })
      .catch((error: unknown) => this.#report(error, 'event'));
  }
}

const patchOf = (type: 'json' | 'merge' | 'strategic' | 'apply', data: unknown): Patch =>
  (type === 'json' ? { type, operations: data } : { type, patch: data }) as Patch;

const objectKey = ({ metadata: { name = '', namespace } }: KubeObject): ObjectKey =>
  namespace === undefined ? { name } : { namespace, name };

const keyText = (object: KubeObject): string => formatKey(objectKey(object));
