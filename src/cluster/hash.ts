const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** JSON with sorted keys and without undefined: equal for equal values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const parts: string[] = [];
    for (const key of Object.keys(value).sort()) {
      const field = (value as { [key: string]: unknown })[key];
      if (field !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(field)}`);
    }
    return `{${parts.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** True when two JSON values are the same, whatever the order of their keys; absent and undefined fields are equal. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, at) => sameJson(item, right[at]));
  }
  const a = left as { [key: string]: unknown };
  const b = right as { [key: string]: unknown };
  for (const key of Object.keys(a)) if (!sameJson(a[key], Object.hasOwn(b, key) ? b[key] : undefined)) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && !Object.hasOwn(a, key)) return false;
  return true;
}

/** FNV-1a, 32 bits. */
export function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    if (unit > 0xff) hash = Math.imul(hash ^ (unit >> 8), 0x01000193);
  }
  return hash >>> 0;
}

/** A short name-safe hash of a value, as pod-template-hash is written; `salt` is the collision count. */
export function nameHash(value: unknown, salt?: number): string {
  const digits = String(fnv32(canonicalJson(value) + (salt ? `#${salt}` : '')));
  let text = '';
  for (const digit of digits) text += SAFE_ALPHABET[digit.charCodeAt(0) % SAFE_ALPHABET.length];
  return text;
}
