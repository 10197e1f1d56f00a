import { readSeedText } from '../core/enrolment/seed-text.ts';
import type { OtpAlgorithm } from '../core/identity/account.ts';
import type { TokenRequest } from '../flows/token-parameters.ts';
import { enrolToken, MIN_SEED_BYTES } from '../flows/tokens.ts';
import { CLI } from './event.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { accountOf } from './lookup.ts';
import { withHouse } from './policy-file.ts';
import { terminalQr } from './qr.ts';
import { createSecretSource } from './secrets.ts';
import type { Terminal } from './terminal.ts';
import { tokenDocument } from './token-document.ts';

/** Flags of `token enroll`. Numbers arrive as the choices they were picked from. */
export type EnrolFlags = {
  readonly otpauth?: true;
  readonly qr?: true;
  readonly algorithm?: OtpAlgorithm;
  readonly digits?: '6' | '8';
  readonly period?: '30' | '60';
  readonly hotp?: true;
  readonly label?: string;
  readonly secretFile?: string;
};

/** Longest seed taken: one block of SHA-512's output; longer keys add nothing and other servers refuse them. */
const MAX_SEED_BYTES = 64;

/** Enrols a token that is active at once: the URI on stdout, a QR code and the talk on stderr. */
export async function enrol(terminal: Terminal, login: string, flags: EnrolFlags): Promise<ExitCode> {
  const { texts } = terminal;
  if (flags.otpauth !== true) {
    const remedy = texts.enrolNeedsOtpauthRemedy(login);
    throw new Refusal(EXIT.usage, 'not-in-this-version', texts.enrolNeedsOtpauth, remedy);
  }
  if (flags.hotp === true && flags.period !== undefined) {
    throw new Refusal(EXIT.usage, 'flags-conflict', texts.hotpHasNoPeriod);
  }
  const seed = flags.secretFile === undefined ? undefined : await readSeed(terminal, flags.secretFile);
  const request: TokenRequest = {
    login,
    kind: flags.hotp === true ? 'hotp' : 'totp',
    ...(flags.label !== undefined && { label: flags.label }),
    ...(flags.algorithm !== undefined && { algorithm: flags.algorithm }),
    ...(flags.digits !== undefined && { digits: flags.digits === '8' ? 8 : 6 }),
    ...(flags.period !== undefined && { period: flags.period === '60' ? 60 : 30 }),
    ...(seed !== undefined && { seed }),
  };
  return withHouse(terminal, async (house, policy) => {
    const owner = await accountOf(terminal, house, login);
    const enrolled = await enrolToken(house, policy, request, CLI);
    if (enrolled.kind === 'missing') throw new Refusal(EXIT.no, 'user-missing', texts.userMissing(login));
    if (enrolled.kind === 'seed-too-short') throw badLength(terminal, enrolled.bytes);
    if (enrolled.kind !== 'enrolled' || enrolled.uri === undefined) throw new Error(`enrolment: ${enrolled.kind}`);
    const { uri, authenticator } = enrolled;
    terminal.answer({ otpauth: uri, token: tokenDocument(authenticator, owner) }, () => uri);
    if (flags.qr === true && !terminal.flags().json) terminal.wiring.stderr.write(`${terminalQr(terminal, uri)}\n`);
    if (!terminal.flags().json) terminal.say(texts.tokenEnrolled(owner.login));
    return EXIT.fine;
  });
}

/** The secret of an existing token, from a file. Exit 2 for what is none or has another length. */
async function readSeed(terminal: Terminal, file: string): Promise<Uint8Array> {
  const seed = readSeedText(await createSecretSource(terminal).fromFile(file));
  if (seed === undefined || seed.length === 0) {
    throw new Refusal(EXIT.usage, 'secret-invalid', terminal.texts.secretInvalid(file));
  }
  if (seed.length < MIN_SEED_BYTES || seed.length > MAX_SEED_BYTES) throw badLength(terminal, seed.length);
  return seed;
}

const badLength = ({ texts }: Terminal, bytes: number): Refusal =>
  new Refusal(EXIT.usage, 'secret-length', texts.secretLength(bytes));
