import { parentPort } from 'node:worker_threads';
import { FaultError } from '../../base/index.ts';
import { type UnpackJob, unpackLayer } from './unpack-layer.ts';

/** One request to the worker, and what comes back for it. */
export interface UnpackRequest {
  readonly id: number;
  readonly job: UnpackJob;
}

parentPort?.on('message', (request: UnpackRequest) => {
  unpackLayer(request.job).then(
    result => parentPort?.postMessage({ id: request.id, result }),
    (error: unknown) =>
      parentPort?.postMessage({
        id: request.id,
        ...(error instanceof FaultError
          ? { code: error.fault.code.split('/')[1], params: error.fault.params }
          : { error: error instanceof Error ? error.message : String(error) }),
      }),
  );
});
