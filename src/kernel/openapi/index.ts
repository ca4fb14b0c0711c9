export { liveOpenApi } from './live.ts';
export { type OpenApi, openApi } from './openapi.ts';
