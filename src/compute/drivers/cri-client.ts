import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Written } from '../cri/codec.ts';
import type { StreamCalls, UnaryCalls } from '../cri/generated/api.ts';
import { methodDefinition } from '../cri/methods.ts';

/** As kubelet: image lists and verbose states are larger than gRPC's 4 MiB. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** Talks to any CRI v1 runtime (containerd, CRI-O, our own) over its socket. */
export class CriClient implements Disposable {
  readonly #client: Client;
  readonly #timeout_ms: number;

  /** `endpoint`: `unix:///run/containerd/containerd.sock`. */
  constructor(endpoint: string, timeout_ms = 120_000) {
    this.#timeout_ms = timeout_ms;
    this.#client = new Client(endpoint, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    });
  }

  /** One call; rejects with gRPC's ServiceError. */
  call<Name extends keyof UnaryCalls>(
    name: Name,
    request: Written<UnaryCalls[Name][0]>,
    timeout_ms: number = this.#timeout_ms,
  ): Promise<UnaryCalls[Name][1]> {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(name);
    const deadline = new Date(Date.now() + timeout_ms);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request as object,
        { deadline },
        (error, response) => (error ? reject(error) : resolve(response as UnaryCalls[Name][1])),
      );
    });
  }

  /** A call answered by many messages; ends when the server ends it or `signal` is aborted. */
  async *stream<Name extends keyof StreamCalls>(
    name: Name,
    request: Written<StreamCalls[Name][0]>,
    signal?: AbortSignal,
  ): AsyncGenerator<StreamCalls[Name][1]> {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(name);
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request as object);
    const stop = (): void => call.cancel();
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for await (const message of call) yield message as StreamCalls[Name][1];
    } catch (error) {
      if (!signal?.aborted || !isStatus(error, status.CANCELLED)) throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Whether an error is gRPC's with this code. */
export function isStatus(error: unknown, code: status): boolean {
  return error instanceof Error && (error as Partial<ServiceError>).code === code;
}
