import { constants } from 'node:os';

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** `SIGTERM` for 15; `SIG<n>` for numbers without a name (real-time signals). */
export function signalName(signal: number): string {
  return names.get(signal as never) ?? `SIG${signal}`;
}

/** 15 for `SIGTERM`, `TERM` or `15`; `fallback` for what is none. */
export function signalNumber(text: string, fallback = 15): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const name = text.toUpperCase();
  const found = constants.signals[(name.startsWith('SIG') ? name : `SIG${name}`) as NodeJS.Signals];
  const realTime = /^(?:SIG)?RTMIN(?:\+(\d{1,2}))?$/.exec(name);
  return found ?? (realTime ? 34 + Number(realTime[1] ?? 0) : fallback);
}
