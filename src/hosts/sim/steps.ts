/** The steps of a scenario, each at its time, one after the other. */
import { formatSpan, type Span } from '../../base/index.ts';
import {
  type Client,
  isNotFound,
  kindOf,
  type KubeObject,
  type Patch,
  type ResourceDefinition,
  StatusError,
} from '../../kernel/index.ts';
import { undoRollout } from './undo.ts';
import type { RunDisruptions, RunExpectations, RunWorld } from './run.ts';
import { isDisruptionObject } from './disruptions/served.ts';
import type { ObjectRef, Step } from './scenario/model.ts';

/** What objects of a scenario are written as: as a person with kubectl would. */
const FIELD_MANAGER = 'kubectl';
/** A kind that is not served yet may be defined by an object applied just before. */
const KIND_TRIES = 5;
const KIND_WAIT_MS = 200;

/** An object, or a change of one, that the API did not take. */
export interface Refusal {
  readonly t: number;
  readonly what: string;
  /** `file:line:column`. */
  readonly where: string;
  readonly message: string;
}

/** Where steps happen: a simulated cluster, or one that runs. Times are milliseconds since the start. */
export interface StepHost {
  /** As a person with kubectl has it. */
  readonly client: Client;
  /** Undefined for kinds that are not served. */
  readonly kind: (kind: ReturnType<typeof kindOf>) => ResourceDefinition | undefined;
  readonly t: () => number;
  readonly at: (t_ms: number, action: () => void) => void;
  readonly log: (what: string, about: string, detail?: string) => void;
}

export interface StepsOptions {
  readonly steps: readonly Step[];
  readonly host: StepHost;
  readonly world: Pick<RunWorld, 'send' | 'stop' | 'commit'>;
  readonly disruptions: RunDisruptions;
  readonly expectations: Pick<RunExpectations, 'begin' | 'once'>;
}

/** Files by name, places in them by line and column. */
export function compareSpans(left: string, right: string): number {
  const parts = (text: string): [string, number, number] => {
    const [, file = text, line = '0', column = '0'] = /^(.*):(\d+):(\d+)$/.exec(text) ?? [];
    return [file, Number(line), Number(column)];
  };
  const [fileA, lineA, columnA] = parts(left);
  const [fileB, lineB, columnB] = parts(right);
  return fileA < fileB ? -1 : fileA > fileB ? 1 : lineA - lineB || columnA - columnB;
}

export class Steps {
  readonly refusals: Refusal[] = [];
  readonly #options: StepsOptions;
  /** Steps never overtake each other, however long the API takes. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** Every step will happen at its time. */
  schedule(): void {
    const { steps, host } = this.#options;
    for (const step of steps) host.at(step.at_ms, () => this.#due(step));
  }

  #due(step: Step): void {
    if (step.when === undefined) void this.take(step);
    else this.#options.expectations.once(step.when, () => this.#options.host.at(0, () => void this.take(step)));
  }

  /** A step happens now, after those before it. Resolves when it has; what was refused is in `refusals`. */
  take(step: Step): Promise<void> {
    this.#last = this.#last.then(() => this.#take(step)).catch(error => this.#refused(step.do, step.where, error));
    return this.#last;
  }

  async #take(step: Step): Promise<void> {
    const { world, disruptions, expectations, host } = this.#options;
    // Without the file: a run is the same wherever it lies.
    host.log(step.do, `${step.where.line}:${step.where.column}`);
    switch (step.do) {
      case 'apply':
        for (const { object, where } of step.objects)
          await this.#ask(step, `apply ${nameOf(object)}`, where, () => this.#apply(object));
        return;
      case 'delete':
        for (const object of step.objects)
          await this.#ask(step, `delete ${object.kind} ${object.name}`, step.where, () => this.#delete(object));
        return;
      case 'patch':
        return this.#ask(step, `patch ${step.object.kind} ${step.object.name}`, step.where, () => this.#patch(step));
      case 'undo':
        return undoRollout(this.#options.host.client, step.object);
      case 'commit':
        if (!world.commit) throw new Error('there is no repository to commit to');
        return world.commit(step.commit);
      case 'send':
        return world.send(step.load);
      case 'stop':
        return world.stop(step.load);
      case 'disrupt':
        return disruptions.begin(step.disruption);
      case 'heal':
        return disruptions.heal(step.disruption);
      case 'storm':
        return disruptions.storm(step.storm);
      case 'expect':
        return expectations.begin(step.expectation);
    }
  }

  /** Asks the API for something that it must take, or must refuse with the words of the step. */
  async #ask({ refused }: Step, what: string, where: Span, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (refused === undefined || !message.includes(refused)) this.#refused(what, where, error);
      else this.#options.host.log('refused as expected', what, message);
      return;
    }
    if (refused !== undefined) this.#refused(what, where, new Error('was taken, and must be refused'));
  }

  async #apply(object: KubeObject): Promise<void> {
    if (isDisruptionObject(object)) await this.#options.disruptions.serve?.();
    const definition = await this.#definition(object);
    const { name = '' } = object.metadata;
    const namespace = definition.namespaced ? (object.metadata.namespace ?? 'default') : undefined;
    const placed = namespace ? { ...object, metadata: { ...object.metadata, namespace } } : object;
    if (name === '' && object.metadata.generateName) {
      await this.#options.host.client.create(definition, placed, namespace ? { namespace } : {});
      return;
    }
    const key = { ...(namespace ? { namespace } : {}), name };
    await this.#options.host.client.apply(definition, key, placed, { fieldManager: FIELD_MANAGER, force: true });
  }

  async #delete(object: ObjectRef): Promise<void> {
    const definition = await this.#definition(object);
    await this.#options.host.client.delete(definition, keyOf(object, definition), { propagationPolicy: 'Background' });
  }

  async #patch({ object, type, patch }: Extract<Step, { do: 'patch' }>): Promise<void> {
    const definition = await this.#definition(object);
    const body = (type === 'json' ? { type, operations: patch } : { type, patch }) as Patch;
    await this.#options.host.client.patch(definition, keyOf(object, definition), body, { fieldManager: FIELD_MANAGER });
  }

  async #definition(object: ObjectRef | KubeObject): Promise<ResourceDefinition> {
    const { host } = this.#options;
    const kind = kindOf(object as KubeObject);
    for (let left = KIND_TRIES; ; left--) {
      const definition = host.kind(kind);
      if (definition) return definition;
      if (left === 0) throw new Error(`no matches for kind "${kind.kind}" in version "${object.apiVersion}"`);
      await new Promise<void>(resolve => host.at(host.t() + KIND_WAIT_MS, resolve));
    }
  }

  #refused(what: string, where: Span, error: unknown): void {
    const { host } = this.#options;
    if (isNotFound(error) && what.startsWith('delete')) return;
    const message = error instanceof StatusError || error instanceof Error ? error.message : String(error);
    const refusal = { t: host.t(), what, where: formatSpan(where), message };
    host.log('refused', what, message);
    this.refusals.push(refusal);
  }
}

const nameOf = ({ kind, metadata: { namespace, name, generateName } }: KubeObject): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name ?? generateName ?? ''}`;

function keyOf({ namespace, name }: ObjectRef, definition: ResourceDefinition): { namespace?: string; name: string } {
  return definition.namespaced ? { namespace: namespace ?? 'default', name } : { name };
}
