import type { RejectReason } from '../core/verification/rejection.ts';
import { resyncToken, testToken } from '../flows/tokens.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { type OwnedToken, tokenOf } from './lookup.ts';
import { withHouse } from './policy-file.ts';
import { createSecretSource, type SecretSource } from './secrets.ts';
import type { Terminal } from './terminal.ts';
import { moment } from './time.ts';

/** Verifies a code of a token's owner exactly as a sign-in would, and spends it. Exit 4 if it is refused. */
export function testCode(terminal: Terminal, name: string, given: string | undefined): Promise<ExitCode> {
  const { texts } = terminal;
  return withHouse(terminal, async (house, policy) => {
    const owned = await tokenOf(terminal, house, name);
    const code = await codeOf(terminal, createSecretSource(terminal), given);
    const outcome = await testToken(house, policy, owned.owner.login, code, CLI);
    switch (outcome.kind) {
      case 'accepted':
        terminal.done({ accepted: true, login: owned.owner.login, token: outcome.authenticator }, texts.tokenAccepted);
        return EXIT.fine;
      case 'locked':
        throw new Refusal(EXIT.no, 'locked', texts.tokenLocked(moment(outcome.until)), undefined, {
          until: moment(outcome.until),
        });
      case 'malformed':
        throw new Refusal(EXIT.usage, 'code-malformed', texts.resyncRefused['not-digits']);
      case 'rejected':
        throw rejection(terminal, owned, outcome.reason);
    }
  });
}

function rejection({ texts }: Terminal, { token }: OwnedToken, reason: RejectReason): Refusal {
  const refuse = (message: string, remedy?: string): Refusal => new Refusal(EXIT.no, reason, message, remedy);
  switch (reason) {
    case 'otp-replayed':
      return refuse(texts.tokenReplayed);
    case 'otp-out-of-window':
      return refuse(texts.tokenOutOfStep, texts.tokenOutOfStepRemedy(token.id));
    case 'suspended':
      return refuse(texts.userIsSuspended);
    case 'no-authenticator':
    case 'kind-not-accepted':
      return refuse(texts.tokenNotActive);
    case 'unknown-user':
    case 'wrong-password':
    case 'wrong-pin':
    case 'otp-wrong':
    case 'sms-wrong':
    case 'challenge-expired':
    case 'attempts-exhausted':
    case 'policy-denied':
    case 'location-missing':
    case 'tx-mismatch':
      return refuse(texts.tokenRejected);
  }
}

/** Brings a token back in step with two codes in a row. Exit 4 if they are not. */
export function resyncCodes(
  terminal: Terminal,
  name: string,
  first: string | undefined,
  second: string | undefined,
): Promise<ExitCode> {
  const { texts } = terminal;
  return withHouse(terminal, async (house) => {
    const { token } = await tokenOf(terminal, house, name);
    const source = createSecretSource(terminal);
    const codes = [await codeOf(terminal, source, first), await codeOf(terminal, source, second)] as const;
    const outcome = await resyncToken(house, token.id, codes, CLI);
    switch (outcome.kind) {
      case 'found':
        terminal.done(
          { resynchronised: true, token: token.id, drift: outcome.drift },
          texts.tokenResynced(outcome.drift),
        );
        return EXIT.fine;
      case 'malformed':
        throw new Refusal(EXIT.usage, 'code-malformed', texts.resyncRefused['not-digits']);
      case 'missing':
        throw new Refusal(EXIT.no, 'not-active', texts.resyncRefused['not-active']);
      case 'not-found':
      case 'spent':
      case 'too-far':
      case 'conflict':
        throw new Refusal(EXIT.no, outcome.kind, texts.resyncRefused[outcome.kind]);
    }
  });
}

/** A code from the argument, from stdin for `-`, or asked for. A one-time code in an argument is spent when it is seen. */
async function codeOf(terminal: Terminal, source: SecretSource, given: string | undefined): Promise<string> {
  if (given === '-') return source.fromFile('-');
  if (given !== undefined) return given;
  const { texts } = terminal;
  if (!terminal.interactive()) throw new Refusal(EXIT.usage, 'argument-missing', texts.argumentMissing('code'));
  return (await source.ask(texts.askCode)) ?? '';
}
