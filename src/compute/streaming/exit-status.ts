import { FaultError } from '../../base/index.ts';
import type { Exit } from '../model.ts';

/** meta/v1 Status on the error channel (remotecommand v4 and later). */
export function statusOf(outcome: Exit | Error): Record<string, unknown> {
  if (!(outcome instanceof Error)) {
    if (outcome.exitCode === 0) return { metadata: {}, status: 'Success' };
    return {
      metadata: {},
      status: 'Failure',
      message: `command terminated with non-zero exit code: exit status ${outcome.exitCode}`,
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: String(outcome.exitCode) }] },
    };
  }
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${outcome.message}`,
    reason: 'InternalError',
    details: { causes: [{ message: outcome.message }] },
    code: 500,
  };
}

/** What older protocols (v1 to v3) write there: words, or nothing when all went well. */
export function wordsOf(outcome: Exit | Error): string {
  if (outcome instanceof FaultError) return outcome.message;
  if (outcome instanceof Error) return outcome.message;
  return outcome.exitCode === 0 ? '' : `command terminated with non-zero exit code: exit status ${outcome.exitCode}`;
}
