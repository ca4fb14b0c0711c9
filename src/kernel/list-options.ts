import { invalid, type StatusCause } from './status.ts';

/** The options of a list or watch that depend on each other, as texts. */
export interface VersionOptions {
  readonly watch?: boolean;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
  readonly continue?: string | undefined;
  readonly sendInitialEvents?: boolean | undefined;
}

const FIELD = 'resourceVersionMatch';

/** Throws the 422 of options that do not fit together (Kubernetes API concepts, "Semantics for get and list", "watch"). */
export function checkVersionOptions(options: VersionOptions): void {
  const causes: StatusCause[] = [];
  const forbidden = (message: string, field = FIELD): void =>
    void causes.push({ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field });
  const unsupported = (match: string, supported: readonly string[]): void => {
    const message = `Unsupported value: ${JSON.stringify(match)}: supported values: ${supported.map(one => JSON.stringify(one)).join(', ')}`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: FIELD });
  };
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options;
  if (options.watch) {
    if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
      forbidden('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
    if (match && sendInitialEvents === undefined)
      forbidden('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    if (match && match !== 'NotOlderThan') unsupported(match, ['NotOlderThan']);
    if (options.continue) forbidden('resourceVersionMatch is forbidden when continue is provided');
  } else {
    if (match && !resourceVersion) forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (match && options.continue) forbidden('resourceVersionMatch is forbidden when continue is provided');
    if (match && match !== 'Exact' && match !== 'NotOlderThan') unsupported(match, ['Exact', 'NotOlderThan', '']);
    if (match === 'Exact' && resourceVersion === '0')
      forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    if (sendInitialEvents !== undefined) forbidden('sendInitialEvents is forbidden for list', 'sendInitialEvents');
  }
  if (causes.length > 0) throw invalid('ListOptions', 'meta.k8s.io', '', causes);
}
