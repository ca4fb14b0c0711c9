export { type OpenApi, openApi } from './openapi.ts';
