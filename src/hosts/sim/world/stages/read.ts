import { type Fault, faultCatalogue, type Parsed } from '../../../../base/index.ts';
import { textTemplate } from '../../../../delivery/index.ts';
import type { KubeObject } from '../../../../kernel/index.ts';
import {
  celTypes,
  type CelEnvironment,
  type CelProgram,
  compileCel,
  extendEnvironment,
  KUBERNETES_ENVIRONMENT,
} from '../../../../policy/index.ts';
import { compileJq } from './jq/run.ts';
import type {
  Amount,
  PatchType,
  Requirement,
  Source,
  Stage,
  StageApply,
  StageFinalizers,
  StagePatch,
  StageStep,
} from './model.ts';

/** What can be wrong with a Stage document. */
export const stageFaults = faultCatalogue('stage', {
  'cannot-read': {
    kind: 'user',
    message: { en: 'Stage "{name}" cannot be used: {field}: {reason}', zh: 'Stage“{name}”无法使用:{field}:{reason}' },
    remedy: {
      en: 'See the kwok documentation, "Stages Configuration"; docs/scenarios.md says what of it is simulated',
      zh: '参见 kwok 文档“Stages Configuration”;docs/scenarios.md 说明了可模拟的部分',
    },
  },
});

type Fields = Readonly<Record<string, unknown>>;

/** Reads the fields of one document; what is wrong is told with its path. */
class Reader {
  readonly faults: Fault[] = [];
  readonly #name: string;
  readonly #environment: CelEnvironment = extendEnvironment(KUBERNETES_ENVIRONMENT, {
    variables: [['self', celTypes.DYN]],
  });

  constructor(name: string) {
    this.#name = name;
  }

  bad(field: string, reason: string): undefined {
    this.faults.push(stageFaults.make('cannot-read', { name: this.#name, field, reason }));
    return undefined;
  }

  fields(value: unknown, path: string, known: readonly string[]): Fields | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) return this.bad(path, 'not an object');
    for (const field of Object.keys(value)) if (!known.includes(field)) this.bad(`${path}.${field}`, 'unknown field');
    return value as Fields;
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.bad(path, 'not a list');
    return [];
  }

  text(value: unknown, path: string): string {
    if (typeof value === 'string') return value;
    if (value !== undefined && value !== null) this.bad(path, 'not a string');
    return '';
  }

  flag(value: unknown, path: string): boolean {
    if (value === undefined || value === null || typeof value === 'boolean') return value === true;
    this.bad(path, 'not a boolean');
    return false;
  }

  texts(value: unknown, path: string): Record<string, string> {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) return this.bad(path, 'not an object') ?? {};
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.text(item, `${path}.${key}`)]));
  }

  whole(value: unknown, path: string): number | undefined {
    if (value === undefined || value === null) return undefined;
    return typeof value === 'number' && Number.isInteger(value) && value >= 0
      ? value
      : this.bad(path, 'not a whole number from 0');
  }

  attempt<T>(path: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      return this.bad(path, error instanceof Error ? error.message : String(error));
    }
  }

  cel(value: unknown, path: string): CelProgram | undefined {
    const fields = this.fields(value, path, ['expression']);
    if (!fields) return undefined;
    const { value: program, faults } = compileCel(
      this.text(fields.expression, `${path}.expression`),
      this.#environment,
    );
    const [first] = faults;
    return first ? this.bad(`${path}.expression`, String(first.params.message)) : program;
  }

  source(value: unknown, path: string): Source | undefined {
    const fields = this.fields(value, path, ['expressionFrom', 'jq', 'cel']);
    if (!fields) return undefined;
    if (fields.cel !== undefined) {
      const program = this.cel(fields.cel, `${path}.cel`);
      return program && { by: 'cel', program };
    }
    const jq = this.fields(fields.jq, `${path}.jq`, ['expression']);
    const [text, at] = jq
      ? [this.text(jq.expression, `${path}.jq.expression`), `${path}.jq.expression`]
      : [this.text(fields.expressionFrom, `${path}.expressionFrom`), `${path}.expressionFrom`];
    const query = this.attempt(at, () => compileJq(text));
    return query && { by: 'jq', query };
  }

  amount(value: number | undefined, from: Source | undefined): Amount {
    return { ...(value === undefined ? {} : { value }), ...(from ? { from } : {}) };
  }

  requirement(value: unknown, path: string): Requirement | undefined {
    const outer = this.fields(value, path, ['key', 'operator', 'values', 'jq', 'cel']);
    if (!outer) return this.bad(path, 'nothing is asked');
    if (outer.cel !== undefined) {
      const program = this.cel(outer.cel, `${path}.cel`);
      return program && { by: 'cel', program };
    }
    const fields = this.fields(outer.jq, `${path}.jq`, ['key', 'operator', 'values']) ?? outer;
    const query = this.attempt(`${path}.key`, () => compileJq(this.text(fields.key, `${path}.key`)));
    const values = this.list(fields.values, `${path}.values`).map((each, at) =>
      this.text(each, `${path}.values[${at}]`),
    );
    const { operator } = fields;
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist')
      return this.bad(`${path}.operator`, `"${String(operator)}" is not In, NotIn, Exists or DoesNotExist`);
    const some = operator === 'In' || operator === 'NotIn';
    if (some !== values.length > 0)
      return this.bad(`${path}.values`, some ? 'In and NotIn need values' : `${operator} takes no values`);
    return query && { by: 'jq', query, operator, values };
  }

  finalizers(value: unknown, path: string): StageFinalizers | undefined {
    const fields = this.fields(value, path, ['add', 'remove', 'empty']);
    if (!fields) return undefined;
    const names = (field: 'add' | 'remove'): string[] =>
      this.list(fields[field], `${path}.${field}`).map((each, at) =>
        this.text(this.fields(each, `${path}.${field}[${at}]`, ['value'])?.value, `${path}.${field}[${at}].value`),
      );
    return { add: names('add'), remove: names('remove'), empty: this.flag(fields.empty, `${path}.empty`) };
  }

  impersonation(value: unknown, path: string): string | undefined {
    const fields = this.fields(value, path, ['username']);
    return fields && this.text(fields.username, `${path}.username`);
  }

  template(value: unknown, path: string): StagePatch['template'] | undefined {
    const source = this.text(value, path).trim();
    return this.attempt(path, () => textTemplate(this.#name, source));
  }

  patch(value: unknown, path: string): StagePatch | undefined {
    const fields = this.fields(value, path, ['root', 'subresource', 'template', 'type', 'impersonation']);
    if (!fields) return undefined;
    const { type } = fields;
    if (type !== undefined && type !== 'json' && type !== 'merge' && type !== 'strategic')
      return this.bad(`${path}.type`, `"${String(type)}" is not json, merge or strategic`);
    const template = this.template(fields.template, `${path}.template`);
    return (
      template && {
        root: this.text(fields.root, `${path}.root`),
        subresource: this.text(fields.subresource, `${path}.subresource`),
        type: type as PatchType | undefined,
        template,
        impersonation: this.impersonation(fields.impersonation, `${path}.impersonation`),
      }
    );
  }

  apply(value: unknown, path: string): StageApply | undefined {
    const fields = this.fields(value, path, ['subresource', 'template', 'type', 'impersonation']);
    if (!fields) return undefined;
    const { type = 'apply' } = fields;
    if (type !== 'apply' && type !== 'merge' && type !== 'strategic')
      return this.bad(`${path}.type`, `"${String(type)}" is not apply, merge or strategic`);
    const template = this.template(fields.template, `${path}.template`);
    return (
      template && {
        subresource: this.text(fields.subresource, `${path}.subresource`),
        type,
        template,
        impersonation: this.impersonation(fields.impersonation, `${path}.impersonation`),
      }
    );
  }

  event(value: unknown, path: string): Pick<StageStep, 'event'> {
    const fields = this.fields(value, path, ['type', 'reason', 'message']);
    if (!fields) return {};
    const text = (field: string): string => this.text(fields[field], `${path}.${field}`);
    return { event: { type: text('type'), reason: text('reason'), message: text('message') } };
  }

  step(value: unknown, path: string): StageStep {
    const fields = this.fields(value, path, ['event', 'finalizers', 'delete', 'patch', 'apply']) ?? {};
    const finalizers = this.finalizers(fields.finalizers, `${path}.finalizers`);
    const patch = this.patch(fields.patch, `${path}.patch`);
    const apply = this.apply(fields.apply, `${path}.apply`);
    return {
      ...this.event(fields.event, `${path}.event`),
      ...(finalizers ? { finalizers } : {}),
      delete: this.flag(fields.delete, `${path}.delete`),
      ...(apply ? { apply } : {}),
      ...(patch ? { patch } : {}),
    };
  }

  /** The older form: everything at once, the status first. */
  next(value: unknown, path: string): StageStep[] {
    const fields = this.fields(value, path, [
      'event',
      'finalizers',
      'delete',
      'patches',
      'statusTemplate',
      'statusSubresource',
      'statusPatchAs',
    ]);
    if (!fields) return [];
    const finalizers = this.finalizers(fields.finalizers, `${path}.finalizers`);
    const first: StageStep = {
      ...this.event(fields.event, `${path}.event`),
      ...(finalizers ? { finalizers } : {}),
      delete: this.flag(fields.delete, `${path}.delete`),
    };
    const status = this.text(fields.statusTemplate, `${path}.statusTemplate`);
    const template = status.trim() === '' ? undefined : this.template(status, `${path}.statusTemplate`);
    const subresource = this.text(fields.statusSubresource ?? 'status', `${path}.statusSubresource`);
    const impersonation = this.impersonation(fields.statusPatchAs, `${path}.statusPatchAs`);
    const patches = this.list(fields.patches, `${path}.patches`).flatMap((each, at): StagePatch[] => {
      const patch = this.patch(each, `${path}.patches[${at}]`);
      return patch ? [patch] : [];
    });
    const all: StagePatch[] = template
      ? [{ root: 'status', subresource, type: undefined, template, impersonation }, ...patches]
      : patches;
    return [first, ...all.map(patch => ({ delete: false, patch }))];
  }
}

const SPEC = ['resourceRef', 'selector', 'weight', 'weightFrom', 'delay', 'next', 'steps', 'immediateNextStage'];

/** Reads a Stage document. One without a selector selects nothing, as in kwok; with faults it is not to be used. */
export function readStage(object: KubeObject): Parsed<Stage> {
  const name = object.metadata.name ?? '';
  const reader = new Reader(name);
  const spec = reader.fields(object.spec, 'spec', SPEC) ?? {};
  const ref = reader.fields(spec.resourceRef, 'spec.resourceRef', ['apiGroup', 'kind']) ?? {};
  const selectorFields = ['matchLabels', 'matchAnnotations', 'matchExpressions'];
  const selector = reader.fields(spec.selector, 'spec.selector', selectorFields);
  const delayFields = ['durationMilliseconds', 'durationFrom', 'jitterDurationMilliseconds', 'jitterDurationFrom'];
  const delay = reader.fields(spec.delay, 'spec.delay', delayFields);
  const amount = (value: string, from: string): Amount =>
    reader.amount(
      reader.whole(delay?.[value], `spec.delay.${value}`),
      reader.source(delay?.[from], `spec.delay.${from}`),
    );
  const jitter = amount('jitterDurationMilliseconds', 'jitterDurationFrom');
  const kind = reader.text(ref.kind, 'spec.resourceRef.kind');
  if (kind === '') reader.bad('spec.resourceRef.kind', 'missing');
  const steps = reader.list(spec.steps, 'spec.steps').map((each, at) => reader.step(each, `spec.steps[${at}]`));
  const value: Stage = {
    name,
    apiVersion: reader.text(ref.apiGroup ?? 'v1', 'spec.resourceRef.apiGroup') || 'v1',
    kind: selector ? kind : '',
    labels: reader.texts(selector?.matchLabels, 'spec.selector.matchLabels'),
    annotations: reader.texts(selector?.matchAnnotations, 'spec.selector.matchAnnotations'),
    expressions: reader
      .list(selector?.matchExpressions, 'spec.selector.matchExpressions')
      .flatMap((each, at): Requirement[] => {
        const requirement = reader.requirement(each, `spec.selector.matchExpressions[${at}]`);
        return requirement ? [requirement] : [];
      }),
    weight: reader.amount(
      reader.whole(spec.weight, 'spec.weight') ?? 0,
      reader.source(spec.weightFrom, 'spec.weightFrom'),
    ),
    ...(delay ? { delay: { value: 0, ...amount('durationMilliseconds', 'durationFrom') } } : {}),
    ...(jitter.value !== undefined || jitter.from ? { jitter } : {}),
    steps: [...reader.next(spec.next, 'spec.next'), ...steps],
    immediateNextStage: reader.flag(spec.immediateNextStage, 'spec.immediateNextStage'),
  };
  return { value, faults: reader.faults };
}
