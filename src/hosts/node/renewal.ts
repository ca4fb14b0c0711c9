import { X509Certificate } from 'node:crypto';
import type { Clock, Random, Timer } from '../../base/index.ts';

/** A certificate is renewed when this much of its life is over, and up to as much more by chance, as a kubelet does. */
const LIVED = { least: 0.7, more: 0.2 } as const;
const AGAIN_MS = 30_000;
/** The wall clock is looked at again this often: it may be put forward, and a machine may sleep. */
const LOOK_MS_MAX = 3_600_000;

/** When to renew a PEM certificate, in milliseconds since 1970: 70 to 90 % of its life. */
export function renewalTime(certificate: string, random: Random): number {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const from_ms = Date.parse(validFrom);
  return from_ms + (Date.parse(validTo) - from_ms) * (LIVED.least + LIVED.more * random.next());
}

export interface RenewalOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** PEM of the certificate in use. */
  readonly certificate: string;
  /** Gets a new one and puts it to use; answers it. Asked again after half a minute when it rejects. */
  readonly renew: () => Promise<string>;
  readonly report: (error: unknown) => void;
}

/** Renews a certificate before its end, again and again, until disposed of. */
export function keepRenewed({ clock, random, certificate, renew, report }: RenewalOptions): Disposable {
  let due_ms = renewalTime(certificate, random);
  let isStopped = false;
  const wait = (delay_ms: number): Timer => clock.after(Math.min(delay_ms, LOOK_MS_MAX), look);
  const look = (): void => {
    if (clock.now() < due_ms) return void (timer = wait(due_ms - clock.now()));
    renew()
      .then(made => {
        due_ms = renewalTime(made, random);
        return due_ms - clock.now();
      })
      .catch((error: unknown) => {
        report(error);
        return AGAIN_MS;
      })
      .then(delay_ms => {
        if (!isStopped) timer = wait(Math.max(delay_ms, AGAIN_MS));
      })
      .catch(report);
  };
  let timer = wait(Math.max(0, due_ms - clock.now()));
  return {
    [Symbol.dispose]: () => {
      isStopped = true;
      timer.cancel();
    },
  };
}
