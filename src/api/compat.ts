import { type Factor, isKnowledge } from '../core/identity/factors.ts';
import type { AuthenticationOutcome, AuthenticationRequest } from '../core/verification/authentication.ts';
import { codeFault } from '../core/verification/code.ts';
import { authenticate } from '../flows/authenticate.ts';
import { KeyUse } from '../flows/clients.ts';
import { placeFor } from '../flows/place.ts';
import { clientOf, demandScope, type Gatekeeper, tokenOf } from './authorise.ts';
import { isUtf8, mediaTypeOf, readBody } from './body.ts';
import { type CompatAnswer, checkAnswer, frame, refusalFrame, triggerAnswer } from './compat-answer.ts';
import { badRequest } from './input.ts';
import { readJson } from './json.ts';
import type { ApiParts } from './operation.ts';
import { problem } from './problems.ts';
import { CallRate } from './rate.ts';
import { sendAnswer } from './respond.ts';
import type { ApiHandler } from './router.ts';
import { appOf, loginOf, readCredentials } from './subject.ts';
import { arrive, languageOf, refusalOf, type Visit } from './visit.ts';

type Fields = Readonly<Record<string, string>>;

type CompatCall = {
  readonly parts: ApiParts;
  readonly visit: Visit;
  readonly fields: Fields;
  readonly client: { readonly name: string; readonly app: string };
  readonly app: string;
};

/**
 * The second interface of the verifier, for plug-ins made for privacyIDEA: `/check`, `/triggerchallenge` and
 * `/polltransaction` below `/validate`. The key may stand alone in the Authorization field. It is the same verifier with
 * the same limits, for the application the key is bound to; `pass` holds what the policy asks of it, in one field.
 */
export function createCompat(parts: ApiParts, version: string): ApiHandler {
  const { house } = parts;
  const keeper: Gatekeeper = { house, use: new KeyUse(house.clients), refusals: new Map() };
  const rate = new CallRate();

  const answerTo = async (visit: Visit): Promise<CompatAnswer> => {
    const operation = OPERATIONS.find(({ path }) => path.test(visit.path));
    if (operation === undefined) throw problem('not_found', 'there is no such address');
    if (visit.request.method !== operation.method) throw problem('method_not_allowed', `use ${operation.method}`);
    const arrival = { now: visit.now, address: visit.address, request: visit.number };
    const client = await clientOf(keeper, tokenOf(visit.request), arrival);
    rate.take(client.keyId, visit.now);
    demandScope(client, ['verify']);
    const fields = await readFields(visit);
    return operation.answer({ parts, visit, fields, client, app: appOf({ client }, undefined) });
  };

  return (request, response) => {
    const visit = arrive(house, request, response);
    answerTo(visit)
      .then((answer) => sendAnswer(request, response, visit.id, { status: 200, body: frame(answer, version) }))
      .catch((breakage: unknown) => {
        const refusal = refusalOf(house, visit, breakage);
        const body = refusalFrame(refusal, visit.number, version);
        return sendAnswer(request, response, visit.id, { status: refusal.status, body });
      })
      .catch(() => response.destroy());
  };
}

const OPERATIONS = [
  { path: /^\/check$/, method: 'POST', answer: async (call: CompatCall) => checkAnswer(await check(call)) },
  {
    path: /^\/triggerchallenge$/,
    method: 'POST',
    answer: async (call: CompatCall) => triggerAnswer(await begin(call, '')),
  },
  { path: /^\/polltransaction(?:\/[^/]+)?$/, method: 'GET', answer: (call: CompatCall) => poll(call) },
] as const;

async function check(call: CompatCall): Promise<AuthenticationOutcome> {
  const { fields } = call;
  const pass = fields['pass'];
  if (pass === undefined) throw badRequest({ path: 'pass', message: 'this is needed' });
  const transaction = fields['transaction_id'] ?? fields['state'] ?? '';
  return transaction === '' ? begin(call, pass) : goOn(call, pass, transaction);
}

/** The first step: everything the policy asks for in one field, or nothing to be asked for a code. */
async function begin(call: CompatCall, pass: string): Promise<AuthenticationOutcome> {
  const { user } = call.fields;
  if (user === undefined || user === '') throw badRequest({ path: 'user', message: 'this is needed' });
  const login = loginOf(user);
  const found = placeFor(call.parts.policy(), call.app);
  if (found === undefined) throw problem('not_available', 'the policy has nothing for this application');
  const submitted = submissionOf(found.need, pass);
  return submitted === undefined
    ? { kind: 'gone' }
    : verify(call, { login, ...found, pending: undefined, ...submitted });
}

type Submitted = Pick<AuthenticationRequest, 'credentials' | 'concatenated'>;

/** What one field holds where these factors are asked for; undefined for a text that no code can be. */
function submissionOf(need: readonly Factor[], pass: string): Submitted | undefined {
  const [knowledge, second] = need.filter(isKnowledge);
  if (second !== undefined) throw problem('not_available', 'one field cannot hold a password and a PIN');
  if (pass === '') return { credentials: {} };
  if (knowledge !== undefined && need.includes('otp')) {
    return { credentials: {}, concatenated: { text: pass, order: knowledge === 'pin' ? 'pin+otp' : 'pw+otp' } };
  }
  if (knowledge !== undefined) return { credentials: readCredentials('-', { [FIELD[knowledge]]: pass }) };
  if (codeFault(pass) !== undefined) return undefined;
  return { credentials: readCredentials('-', { [need.includes('otp') ? 'otp' : 'sms']: pass }) };
}

const FIELD = { pw: 'password', pin: 'pin', otp: 'otp', sms: 'sms' } as const;

/** The second step: the code that was asked for, of the SMS where one was sent. */
async function goOn(call: CompatCall, pass: string, id: string): Promise<AuthenticationOutcome> {
  const { house, policy } = call.parts;
  const pending = await house.pending.find(id, call.visit.now);
  const { user = '' } = call.fields;
  const isOurs = pending !== undefined && pending.boundTo === boundTo(call) && pending.app === call.app;
  const found = isOurs ? placeFor(policy(), pending.app, pending.need) : undefined;
  if (!isOurs || found === undefined || (user !== '' && loginOf(user) !== pending.login)) return { kind: 'gone' };
  if (codeFault(pass) !== undefined) return { kind: 'gone' };
  const field = pending.challengeId === undefined ? 'otp' : 'sms';
  const credentials = readCredentials(pending.login, { [field]: pass });
  return verify(call, { login: pending.login, ...found, pending: id, credentials });
}

/** Nothing is confirmed elsewhere in this version: a transaction waits until its code is typed. */
async function poll({ parts, visit, fields, ...call }: CompatCall): Promise<CompatAnswer> {
  const inPath = visit.path.split('/')[2];
  const pending = await parts.house.pending.find(inPath ?? fields['transaction_id'] ?? '', visit.now);
  const waits = pending !== undefined && pending.boundTo === boundTo(call);
  return { value: false, detail: { challenge_status: waits ? 'pending' : 'declined' } };
}

function verify(
  call: CompatCall,
  request: Pick<
    AuthenticationRequest,
    'login' | 'place' | 'allow' | 'need' | 'pending' | 'credentials' | 'concatenated'
  >,
): Promise<AuthenticationOutcome> {
  const { parts, visit } = call;
  const policy = parts.policy();
  return authenticate(parts.house, policy, {
    channel: 'api',
    boundTo: boundTo(call),
    ...request,
    address: visit.address,
    request: visit.number,
    language: languageOf(visit.request, policy),
    host: '',
  });
}

const boundTo = ({ client }: Pick<CompatCall, 'client'>): string => `api:${client.name}`;

/** Fields of a form, of a JSON object, or of the query of a GET. Only texts count, and none twice. */
async function readFields({ request, search }: Visit): Promise<Fields> {
  if (request.method === 'GET') return fieldsOf(search);
  const raw = await readBody(request);
  if (!isUtf8(request)) throw problem('unsupported_media_type', 'send UTF-8');
  if (mediaTypeOf(request) === 'application/x-www-form-urlencoded') return fieldsOf(Buffer.from(raw).toString('utf8'));
  if (mediaTypeOf(request) !== 'application/json') throw problem('unsupported_media_type', 'send a form or JSON');
  const read = readJson(raw);
  const entries = read.ok && isRecord(read.value) ? Object.entries(read.value) : undefined;
  if (entries === undefined) throw badRequest({ path: '', message: 'the body is not an object in JSON' });
  const strange = entries.find(([, value]) => typeof value !== 'string');
  if (strange !== undefined) throw badRequest({ path: strange[0].slice(0, 64), message: 'this has to be a text' });
  return Object.fromEntries(entries) as Fields; // every value was found to be a text
}

function fieldsOf(text: string): Fields {
  const entries = [...new URLSearchParams(text)];
  if (new Set(entries.map(([name]) => name)).size === entries.length) return Object.fromEntries(entries);
  throw badRequest({ path: '', message: 'a field stands twice' });
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
