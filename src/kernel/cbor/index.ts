export { type CborBody, CborError, decodeCbor } from './decode.ts';
export { encodeCbor } from './encode.ts';
