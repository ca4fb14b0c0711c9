export { type Decoded, type DecodeOptions, decodeDocuments, parseYaml, type YamlBody } from './decode.ts';
export { decodeFaults } from './faults.ts';
export { type JsonBody, JsonSyntaxError, parseJson } from './json.ts';
export { DEFAULT_LIMITS, type DecodeLimits } from './limits.ts';
export { formatPath, type Path, parsePath } from './path.ts';
