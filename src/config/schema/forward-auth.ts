import { z } from 'zod';
import { cidrField, listenField } from './server.ts';

/** `forward_auth`: the listener that answers other proxies’ sub-requests. */
export const forwardAuth = z.strictObject({
  listen: listenField()
    .nullable()
    .prefault(null)
    .describe('Address for the sub-requests of a proxy that asks before it forwards. null = there is none. In quotes.'),
  clients: z
    .array(cidrField())
    .prefault(['127.0.0.0/8', '::1/128'])
    .describe(
      'The proxies that are answered, and whose word on method, address and client is taken. Everybody else gets 403. `0.0.0.0/0` and `::/0` are refused.',
    ),
});
