import { formatKey, type ObjectKey } from './object.ts';

/** One field at fault inside a Status (meta/v1 StatusCause). */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

/** meta/v1 Status: how the API says yes or no. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { resourceVersion?: string; continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: StatusCause[];
    retryAfterSeconds?: number;
  };
  code: number;
}

/** The refusal every Client verb throws; `status` is exactly what an HTTP client would read. */
export class StatusError extends Error {
  readonly status: Status;
  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'Failure', options);
    this.name = 'StatusError';
    this.status = status;
  }
  get code(): number {
    return this.status.code;
  }
  get reason(): string {
    return this.status.reason ?? '';
  }
}

interface Subject {
  readonly group: string;
  readonly resource: string;
}

/** Builds a refusal. `resource` is the plural, as the API server puts it into `details.kind`. */
export function statusError(
  code: number,
  reason: string,
  message: string,
  details?: NonNullable<Status['details']>,
): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason ? { reason } : {}),
    ...(details ? { details } : {}),
    code,
  });
}

const qualified = (subject: Subject): string =>
  subject.group ? `${subject.resource}.${subject.group}` : subject.resource;

const detailsOf = (subject: Subject, name: string): { name: string; group?: string; kind: string } => ({
  name,
  ...(subject.group ? { group: subject.group } : {}),
  kind: subject.resource,
});

export const notFound = (subject: Subject, name: string): StatusError =>
  statusError(404, 'NotFound', `${qualified(subject)} "${name}" not found`, detailsOf(subject, name));

export const alreadyExists = (subject: Subject, name: string): StatusError =>
  statusError(409, 'AlreadyExists', `${qualified(subject)} "${name}" already exists`, detailsOf(subject, name));

export const conflict = (subject: Subject, key: ObjectKey, why: string): StatusError =>
  statusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${key.name}": ${why}`,
    detailsOf(subject, key.name),
  );

export const badRequest = (message: string): StatusError => statusError(400, 'BadRequest', message);

export const expired = (message: string): StatusError => statusError(410, 'Expired', message);

export const forbidden = (subject: Subject, name: string, why: string): StatusError =>
  statusError(403, 'Forbidden', `${qualified(subject)} "${name}" is forbidden: ${why}`, detailsOf(subject, name));

/** 422 with one cause a field; `kind` is the Kind, as `kubectl` prints it. */
export function invalid(kind: string, group: string, name: string, causes: readonly StatusCause[]): StatusError {
  // What is told twice is one line; among the causes it stays twice.
  const lines = [...new Set(causes.map(cause => `${cause.field ?? '<root>'}: ${cause.message ?? ''}`))];
  const list = lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`;
  return statusError(422, 'Invalid', `${group ? `${kind}.${group}` : kind} "${name}" is invalid: ${list}`, {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    kind,
    causes: [...causes],
  });
}

export const isNotFound = (error: unknown): boolean => error instanceof StatusError && error.code === 404;
/** What a patch bound to a uid gets when another object has the name now (ValidateObjectMetaUpdate). */
export const isReplaced = (error: unknown): boolean =>
  error instanceof StatusError &&
  error.code === 422 &&
  error.status.details?.causes?.some(({ field }) => field === 'metadata.uid') === true;
export const isConflict = (error: unknown): boolean => error instanceof StatusError && error.reason === 'Conflict';
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof StatusError && error.reason === 'AlreadyExists';

/** The object an error is about, for logs. */
export const describeKey = (subject: Subject, key: ObjectKey): string => `${qualified(subject)} ${formatKey(key)}`;
