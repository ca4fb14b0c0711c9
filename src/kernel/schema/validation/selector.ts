import { type Draft, parts, isDraft } from '../defaults/fill.ts';
import { Causes } from './causes.ts';
import { validateLabels } from './meta.ts';
import { labelValue, qualifiedName } from './names.ts';

/** A LabelSelector (meta/v1). */
export function validateSelector(selector: Draft | undefined, field: string, causes: Causes): void {
  if (selector === undefined) return;
  validateLabels(selector.matchLabels, `${field}.matchLabels`, causes);
  parts(selector, 'matchExpressions').forEach((one, i) => {
    const at = `${field}.matchExpressions[${i}]`;
    const count = Array.isArray(one.values) ? one.values.length : 0;
    if (one.operator === 'In' || one.operator === 'NotIn') {
      if (count === 0) causes.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (one.operator === 'Exists' || one.operator === 'DoesNotExist') {
      if (count > 0)
        causes.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else causes.invalid(`${at}.operator`, one.operator ?? '', 'not a valid selector operator');
    causes.invalidAll(`${at}.key`, one.key ?? '', qualifiedName(String(one.key ?? '')));
    (Array.isArray(one.values) ? one.values : []).forEach((value, j) => {
      causes.invalidAll(`${at}.values[${j}]`, value, labelValue(String(value)));
    });
  });
}

/** True for a selector that selects everything. */
export const isEmptySelector = (selector: Draft | undefined): boolean =>
  selector === undefined ||
  (Object.keys(isDraft(selector.matchLabels) ? selector.matchLabels : {}).length === 0 &&
    parts(selector, 'matchExpressions').length === 0);

/** Whether labels are selected. */
export function selectorMatches(selector: Draft, labels: Draft): boolean {
  const wanted = isDraft(selector.matchLabels) ? selector.matchLabels : {};
  for (const [key, value] of Object.entries(wanted)) if (labels[key] !== value) return false;
  return parts(selector, 'matchExpressions').every(one => {
    const has = Object.hasOwn(labels, String(one.key));
    const listed = Array.isArray(one.values) && one.values.includes(labels[String(one.key)]);
    if (one.operator === 'In') return has && listed;
    if (one.operator === 'NotIn') return !has || !listed;
    return one.operator === 'Exists' ? has : !has;
  });
}

/** Whether the API server can make a matcher of a selector: its keys, operators and values are sound. */
export function isSoundSelector(selector: Draft | undefined): boolean {
  const causes = new Causes();
  validateSelector(selector, '', causes);
  return causes.list.length === 0;
}
