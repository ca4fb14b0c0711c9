import { isIPv4, isIPv6 } from 'node:net';
import { parseTime } from './time.ts';
import { dnsSubdomain } from './validation/names.ts';

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const bits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bits)) return false;
  const address = text.slice(0, slash);
  return isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128;
}

const isUrl = (text: string): boolean => URL.canParse(text) || /^\/[^\s]*$/.test(text);

const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': text => parseTime(text) !== undefined,
  datetime: text => parseTime(text) !== undefined,
  date: text => /^\d{4}-\d{2}-\d{2}$/.test(text) && parseTime(`${text}T00:00:00Z`) !== undefined,
  ipv4: isIPv4,
  ipv6: isIPv6,
  ip: text => isIPv4(text) || isIPv6(text),
  cidr: isCidr,
  uri: isUrl,
  hostname: text => dnsSubdomain(text.toLowerCase()).length === 0,
  email: text => /^[^\s@]+@[^\s@]+$/.test(text),
  uuid: text => UUID.test(text),
  uuid3: text => UUID.test(text),
  uuid4: text => UUID.test(text),
  uuid5: text => UUID.test(text),
  mac: text => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
  byte: text => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0,
  duration: text => /^-?(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w|[a-z]+)\s*)+$/.test(text) || text === '0',
  hexcolor: text => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
};

/** Whether a text is of a format the API server checks; formats it does not know hold for every text. */
export function isOfFormat(format: string, text: string): boolean {
  return Object.hasOwn(CHECKS, format) ? CHECKS[format]!(text) : true;
}
