import { auditEvent } from '../../src/flows/origin.ts';
import { smsCodeOf } from '../../src/flows/sms-code.ts';
import { addPerson, PASSWORD, type Person } from './people.ts';
import { BY, type Served } from './served.ts';

/** One call that the operation answers with success. */
export type Sample = {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
};

const PAYMENT = { amount: '1250000', currency: 'KRW', payee: { name: '김민지', bank: '004', account: '123-45' } };

const CSV = 'login,name\nimported,수입\n';

/** A valid call of every operation, made of things of its own. */
export function samplesOf(served: Served, key: string): Readonly<Record<string, () => Promise<Sample>>> {
  const call = (method: string, path: string, body?: unknown) =>
    served.call(method, `/api/v1${path}`, { key, ...(body !== undefined && { body }) });
  let count = 0;
  const name = (): string => {
    count += 1;
    return `sample-${count}`;
  };
  const person = (options: Parameters<typeof addPerson>[2] = {}): Promise<Person> =>
    addPerson(served.house, name(), { secrets: false, ...options });
  const user = async (): Promise<Sample> => ({ path: { user: (await person()).login } });
  const text = async () => {
    served.time.now += 20 * 60_000; // beyond the limits for an address
    const created = await call('POST', '/challenges', { user: (await person()).login, method: 'sms' });
    return String(created.body.id);
  };
  const sentMessage = async (): Promise<string> => {
    await text();
    const messages = await served.house.messages.claim(100, served.time.now, 0);
    const event = auditEvent('sms.sent', served.time.now, BY);
    for (const { id } of messages) await served.house.messages.sent(id, 'sms', `ref-${id}`, event);
    return `ref-${messages.at(-1)?.id}`;
  };
  const pay = async (): Promise<string> => {
    const created = await call('POST', '/transactions', { user: (await person()).login, ...PAYMENT, method: 'sms' });
    return String(created.body.id);
  };
  const codeOf = async (challengeId: string): Promise<string> => {
    const challenge = await served.house.challenges.find(challengeId);
    if (challenge === undefined) throw new Error(challengeId);
    return smsCodeOf(challenge, served.holder.policy.sms.code.digits, served.house.digests);
  };
  const codeOfPayment = async (id: string): Promise<string> =>
    codeOf((await served.house.payments.find(id))?.challengeId ?? '');
  const tokenOf = async (login: string): Promise<string> => {
    const account = await served.house.accounts.findByLogin(login);
    return (await served.house.authenticators.list(account?.id ?? ''))[0]?.id ?? '';
  };
  const token = async (): Promise<Sample> => ({ path: { id: await tokenOf((await person()).login) } });
  const client = async (): Promise<Sample> => {
    const path = { name: name() };
    await served.key({ name: path.name });
    return { path };
  };
  const session = async (): Promise<{ readonly id: string; readonly login: string }> => {
    const { login, accountId } = await person();
    const now = served.time.now;
    const id = `login-${count}`;
    await served.house.browsers.addTransaction({
      id,
      browserHash: 'b',
      host: 'h',
      route: 'notice',
      returnTo: '/',
      need: ['otp'],
      riseFrom: undefined,
      keptPost: undefined,
      createdAt: now,
      expiresAt: now + 60_000,
    });
    await served.house.sessions.commitSignIn(
      [],
      {
        accountId,
        proofs: { otp: now, hotp: now },
        host: 'h',
        handleHash: `handle-${count}`,
        startedAt: now,
        address: '127.0.0.1',
        userAgent: 'test',
        concurrent: served.holder.policy.sessions.concurrent,
        limits: served.holder.policy.sessions,
        transaction: id,
      },
      {
        at: now,
        kind: 'signin.accepted',
        login,
        actor: 'self',
        address: '',
        route: 'notice',
        request: '',
        reason: '',
        detail: {},
      },
    );
    const [open] = await served.house.sessions.list({ accountId }, now);
    return { id: open?.id ?? '', login };
  };

  return {
    verify: async () => {
      const somebody = await person();
      return {
        body: { user: somebody.login, auth: 'id+otp', otp: somebody.otp(), app: 'erp', context: { ip: '::1' } },
      };
    },
    createChallenge: async () => {
      served.time.now += 20 * 60_000;
      return { body: { user: (await person()).login, method: 'sms' } };
    },
    getChallenge: async () => ({ path: { id: await text() }, query: 'wait=0' }),
    answerChallenge: async () => {
      const id = await text();
      return { path: { id }, body: { code: await codeOf(id) } };
    },
    resendChallenge: async () => {
      const id = await text();
      served.time.now += 31_000;
      return { path: { id } };
    },
    cancelChallenge: async () => ({ path: { id: await text() } }),
    createTransaction: async () => {
      served.time.now += 20 * 60_000;
      return { body: { user: (await person()).login, ...PAYMENT, memo: '관리비', extra: { 동호: '101-1203' } } };
    },
    getTransaction: async () => ({ path: { id: await pay() } }),
    verifyTransaction: async () => {
      served.time.now += 20 * 60_000;
      const id = await pay();
      return { path: { id }, body: { code: await codeOfPayment(id), fields: PAYMENT } };
    },
    cancelTransaction: async () => ({ path: { id: await pay() } }),
    getEvidence: async () => {
      served.time.now += 20 * 60_000;
      const id = await pay();
      await call('POST', `/transactions/${id}/verify`, { code: await codeOfPayment(id) });
      return { path: { id } };
    },
    listUsers: async () => ({ query: 'limit=2&filter=login%20sw%20%22sample%22' }),
    getUser: user,
    createUser: async () => ({ body: { login: name(), name: '이름', groups: ['hr'], password: PASSWORD } }),
    changeUser: async () => ({ ...(await user()), body: { name: '새 이름', phone: '+821099998888' } }),
    deleteUser: user,
    suspendUser: user,
    resumeUser: async () => {
      const sample = await user();
      await call('POST', `/users/${sample.path?.['user']}:suspend`);
      return sample;
    },
    unlockUser: user,
    createTemporaryCode: async () => ({ ...(await user()), body: { valid_for: 600 } }),
    createRecoveryCodes: async () => ({ ...(await user()), body: { count: 3 } }),
    listGroups: async () => ({ query: 'limit=1' }),
    listTokens: async () => ({ query: 'limit=2&status=active' }),
    getToken: token,
    createToken: async () => ({ body: { user: (await person()).login, kind: 'totp', label: 'new' } }),
    changeToken: async () => ({ ...(await token()), body: { label: 'other' } }),
    deleteToken: token,
    suspendToken: token,
    resumeToken: async () => {
      const sample = await token();
      await call('POST', `/tokens/${sample.path?.['id']}:suspend`);
      return sample;
    },
    revokeToken: token,
    resyncToken: async () => {
      const somebody = await person();
      somebody.otp();
      const body = { otp1: somebody.otp(), otp2: somebody.otp() };
      return { path: { id: await tokenOf(somebody.login) }, body };
    },
    testToken: async () => {
      const somebody = await person();
      return { path: { id: await tokenOf(somebody.login) }, body: { otp: somebody.otp() } };
    },
    issueServerCode: async () => {
      const made = await call('POST', '/tokens', { user: (await person()).login, kind: 'server' });
      return { path: { id: made.body.id ?? made.body.token?.id }, body: { context: 'login' } };
    },
    listSessions: async () => ({ query: `user=${(await session()).login}` }),
    getSession: async () => ({ path: { id: (await session()).id } }),
    endSession: async () => ({ path: { id: (await session()).id } }),
    endSessionsOf: async () => ({ query: `user=${(await session()).login}` }),
    listAudit: async () => ({ query: 'limit=3' }),
    verifyAudit: async () => ({}),
    readStats: async () => ({ query: 'by=app' }),
    importUsers: async () => ({ body: { content: CSV, dry_run: true } }),
    importTokens: async () => ({
      body: { content: 'otpauth://totp/x:kim?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=x', dry_run: true },
    }),
    readPolicy: async () => ({}),
    checkPolicy: async () => ({ body: { text: 'version: 1\n' } }),
    simulatePolicy: async () => ({ body: { method: 'GET', url: 'https://pay.corp.example/' } }),
    noteReceipt: async () => ({ body: { provider: 'sms', reference: await sentMessage(), delivered: true } }),
    listClients: async () => ({ query: 'limit=2' }),
    addClient: async () => ({ body: { name: name(), scopes: ['verify'], networks: ['10.0.0.0/8'], expires_in: 3600 } }),
    rotateClient: async () => ({ ...(await client()), body: { overlap: 0 } }),
    revokeClient: client,
    me: async () => ({}),
  };
}
