import { type Draft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, specOf, text } from './common.ts';
import { validateSelector } from './selector.ts';

export function disruptionBudget(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    causes.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const field of ['minAvailable', 'maxUnavailable']) {
    const value = spec[field];
    if (typeof value === 'number' && value < 0)
      causes.invalid(`spec.${field}`, value, 'must be greater than or equal to 0');
    if (typeof value === 'string' && /^\d+%$/.test(value) && Number.parseInt(value, 10) > 100)
      causes.invalid(`spec.${field}`, value, 'must not be greater than 100%');
    if (typeof value === 'string' && !/^\d+%$/.test(value)) {
      causes.invalid(
        `spec.${field}`,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      );
    }
  }
  validateSelector(part(spec, 'selector'), 'spec.selector', causes);
}

export function priorityClass(object: Draft, causes: Causes): void {
  const name = text(part(object, 'metadata')?.name);
  if (name.startsWith('system-') && name !== 'system-cluster-critical' && name !== 'system-node-critical') {
    causes.forbidden('metadata.name', "priority class names with 'system-' prefix are reserved for system use only");
  }
  if (Number(object.value) > 1_000_000_000 && !name.startsWith('system-')) {
    causes.forbidden('value', 'maximum allowed value of a user defined priority is 1000000000');
  }
}

export function priorityClassUpdate(object: Draft, old: Draft, causes: Causes): void {
  if (object.value !== old.value) causes.forbidden('value', 'may not be changed in an update.');
  if (object.preemptionPolicy !== old.preemptionPolicy)
    causes.invalid('preemptionPolicy', object.preemptionPolicy, IMMUTABLE);
}

const LEVELS = ['privileged', 'baseline', 'restricted'];
const LEVEL_LABEL = /^pod-security\.kubernetes\.io\/(?:enforce|audit|warn)(-version)?$/;

/** Pod Security labels of a namespace name a level, and a version that is `latest` or a minor one. */
export function namespace(object: Draft, causes: Causes): void {
  // Said by an admission step, which comes after all else.
  if (causes.list.length > 0) return;
  for (const [key, value] of Object.entries(part(part(object, 'metadata'), 'labels') ?? {})) {
    const label = LEVEL_LABEL.exec(key);
    if (label === null) continue;
    const field = `metadata.labels[${key}]`;
    if (label[1] === undefined) {
      if (!LEVELS.includes(text(value))) causes.invalid(field, value, `must be one of ${LEVELS.join(', ')}`);
    } else if (!/^(?:latest|v1\.(?:0|[1-9]\d*))$/.test(text(value)))
      causes.invalid(field, value, 'must be "latest" or "v1.x"');
  }
}
