import type { ClientDuplexStream } from '@grpc/grpc-js';
import { progressRequest, type WatchAnswer, watchAnswer, watchRequest } from '../etcd/wire.ts';
import type { EtcdClient } from './etcd-client.ts';

const RECONNECT_MS = 200;

/** What a watch tells: answers in order, or that history before `from` is gone. */
export interface WatchListener {
  /** Revision after which the next stream must start. */
  after(): number;
  answer(answer: WatchAnswer): void;
  /** etcd has compacted what was missed; the listener reads everything again before the watch goes on. */
  compacted(): Promise<void>;
  report(error: unknown): void;
}

/** Follows a prefix for as long as it is open, over as many streams as that takes. */
export class EtcdWatch {
  readonly #client: EtcdClient;
  readonly #prefix: string;
  readonly #listener: WatchListener;
  #stream: ClientDuplexStream<Uint8Array, Buffer> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #open = true;
  #created = Promise.withResolvers<void>();

  constructor(client: EtcdClient, prefix: string, listener: WatchListener) {
    this.#client = client;
    this.#prefix = prefix;
    this.#listener = listener;
    this.#start();
  }

  /** Resolves when etcd follows the prefix for us. */
  created(): Promise<void> {
    return this.#created.promise;
  }

  /** Asks how far the watch is; the answer comes as one without events. */
  progress(): void {
    this.#stream?.write(progressRequest());
  }

  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
    this.#stream?.cancel();
  }

  #start(): void {
    const stream = this.#client.watch();
    this.#stream = stream;
    let over = false;
    const again = (delay_ms: number): void => {
      if (over) return;
      over = true;
      stream.cancel();
      if (!this.#open) return;
      this.#timer = setTimeout(() => this.#start(), delay_ms);
      this.#timer.unref();
    };
    stream.on('data', (bytes: Buffer) => {
      if (over) return;
      const answer = watchAnswer(bytes);
      if (answer.created) this.#created.resolve();
      if (!answer.canceled) return this.#listener.answer(answer);
      if (answer.compactRevision === 0) return again(RECONNECT_MS);
      over = true;
      stream.cancel();
      this.#listener.compacted().then(
        () => this.#open && this.#start(),
        (error: unknown) => {
          this.#listener.report(error);
          if (!this.#open) return;
          this.#timer = setTimeout(() => this.#start(), RECONNECT_MS);
        },
      );
    });
    stream.on('error', () => again(RECONNECT_MS));
    stream.on('end', () => again(RECONNECT_MS));
    stream.write(watchRequest(this.#prefix, this.#listener.after() + 1));
  }
}
