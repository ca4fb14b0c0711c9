import { status } from '@grpc/grpc-js';
import { FaultError } from '../../base/index.ts';

/** A refusal with the gRPC code kubelet and crictl look at. */
export class CriError extends Error {
  readonly code: status;
  /** What gRPC sends. */
  readonly details: string;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
    this.details = message;
  }
}

export const notFound = (what: string, id: string): CriError =>
  new CriError(status.NOT_FOUND, `${what} "${id}": not found`);
export const invalid = (message: string): CriError => new CriError(status.INVALID_ARGUMENT, message);
export const wrongState = (message: string): CriError => new CriError(status.FAILED_PRECONDITION, message);
export const unimplemented = (message: string): CriError => new CriError(status.UNIMPLEMENTED, message);

const CODES: Readonly<Record<string, status>> = {
  'container-unknown': status.NOT_FOUND,
  'sandbox-unknown': status.NOT_FOUND,
  'image-not-found': status.NOT_FOUND,
  'not-found': status.NOT_FOUND,
  'image-unauthorized': status.UNAUTHENTICATED,
  'bad-reference': status.INVALID_ARGUMENT,
  'runtime-missing': status.FAILED_PRECONDITION,
  'registry-unreachable': status.UNAVAILABLE,
};

export const late = (message: string): CriError => new CriError(status.DEADLINE_EXCEEDED, message);

/** Any failure as gRPC tells it. */
export function criError(error: unknown): CriError {
  if (error instanceof CriError) return error;
  if (error instanceof FaultError) {
    const code = error.fault.code.slice(error.fault.code.lastIndexOf('/') + 1);
    return new CriError(CODES[code] ?? status.UNKNOWN, error.message);
  }
  return new CriError(status.UNKNOWN, error instanceof Error ? error.message : String(error));
}
