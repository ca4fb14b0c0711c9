import { type Draft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, specOf, text } from './common.ts';
import { validateSelector } from './selector.ts';

export function autoscaler(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const [low, high] = [Number(spec.minReplicas ?? 1), Number(spec.maxReplicas ?? 0)];
  if (low < 1) causes.invalid('spec.minReplicas', low, 'must be greater than or equal to 1');
  if (high < 1) causes.invalid('spec.maxReplicas', high, 'must be greater than 0');
  else if (high < low) causes.invalid('spec.maxReplicas', high, 'must be greater than or equal to `minReplicas`');
  const target = part(spec, 'scaleTargetRef') ?? {};
  for (const field of ['kind', 'name']) if (text(target[field]) === '') causes.required(`spec.scaleTargetRef.${field}`);
}

export function disruptionBudget(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    causes.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const field of ['minAvailable', 'maxUnavailable']) {
    const value = spec[field];
    if (typeof value === 'number' && value < 0)
      causes.invalid(`spec.${field}`, value, 'must be greater than or equal to 0');
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
