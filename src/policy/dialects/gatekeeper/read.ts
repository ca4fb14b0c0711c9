import type { JsonObject } from '../../../kernel/index.ts';

/** Reads of values somebody else wrote: what is not of the wanted shape is as if absent. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const fields = (value: unknown): JsonObject => (isObject(value) ? value : NOTHING);

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export const texts = (value: unknown): readonly string[] =>
  list(value).filter((item): item is string => typeof item === 'string');

/** An own member, never one of the prototype. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;

/** Sets an own member of an object we hold, whatever its name. */
export function setMember(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

const NOTHING: JsonObject = Object.freeze(Object.create(null)) as JsonObject;
