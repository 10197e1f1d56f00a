/** `server.ts FOLDER`: serves everything of a folder until SIGTERM. */
import { serve } from '../../src/app/serve.ts';
import { openIn } from './house.ts';

const [folder = ''] = process.argv.slice(2);
const { house, policy } = await openIn(folder);
const served = await serve(policy, house, { language: 'en', env: {} });
process.on('SIGTERM', () => void served.stop());
await served.stopped;
