import { SCOPES } from '../../core/identity/api-client.ts';
import { operation } from '../operation.ts';
import { clientSchema, clientView } from './clients.ts';

/** `GET /me`: what the calling key may do. */
export const meOperation = operation({
  id: 'me',
  method: 'get',
  path: '/me',
  scopes: SCOPES,
  tag: 'Clients',
  summary: 'What this key may do',
  answers: { 200: { description: 'The key of this call', schema: clientSchema } },
  handle: async ({ client }) => ({ status: 200, body: clientView(client) }),
});
