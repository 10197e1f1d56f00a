import type { Language } from '../core/policy.ts';
import type { Offer } from '../core/verification/authentication.ts';
import { RADIUS_TEXTS, type RadiusTexts } from '../texts/radius.ts';
import { VALUE_MAX } from './packet.ts';

/**
 * The text of an Access-Reject. It is the same for everything that can be wrong, and short: a reply to a packet nobody
 * authenticated must not be much longer than the packet.
 */
export const refusedMessage = (language: Language): Buffer => inTwoLanguages(language, (texts) => texts.refused);

/** What an Access-Challenge asks for: the code that was sent, else an OTP with a word on what can be typed instead. */
export function promptMessage(language: Language, offers: readonly Offer[]): Buffer {
  return inTwoLanguages(language, (texts) => prompt(texts, offers));
}

function prompt(texts: RadiusTexts, offers: readonly Offer[]): string {
  const waiting = offers.find((offer) => offer.challenge !== undefined);
  if (waiting?.method === 'sms') return texts.enterSms;
  if (waiting?.method === 'server') return texts.enterServerCode;
  if (waiting?.question !== undefined) return texts.enterResponse(waiting.question);
  return offers.some((offer) => offer.method === 'sms') ? `${texts.enterOtp} ${texts.orSms}` : texts.enterOtp;
}

/** English follows, because many a client shows nothing but ASCII; it goes first where both do not fit. */
function inTwoLanguages(language: Language, sentence: (texts: RadiusTexts) => string): Buffer {
  const english = Buffer.from(sentence(RADIUS_TEXTS.en), 'utf8');
  if (language === 'en') return english.subarray(0, VALUE_MAX);
  const both = Buffer.concat([Buffer.from(`${sentence(RADIUS_TEXTS[language])} `, 'utf8'), english]);
  return both.length <= VALUE_MAX ? both : english.subarray(0, VALUE_MAX);
}
