import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about OTP policies, SMS and RADIUS in English. */
export const enServers = {
  'bad-quota': {
    message: 'Not a number in a stretch of time: {found}.',
    fix: 'Write a number, a slash and a time of a day at most: 5/10m, 20/1d.',
  },
  'bad-phone-prefix': {
    message: 'Not the beginning of a telephone number: {found}.',
    fix: 'Write digits, with + where numbers are stored so, in quotes: "+82", "010".',
  },
  'bad-sms-body': {
    message: 'The body is not what its media type says: {found}.',
    fix: 'Write valid JSON with the words in braces inside its texts, XML, or fields of a form: to={to}&text={text}.',
  },
  'bad-attribute-value': {
    message: 'Not a value of {other}: {found}.',
    fix: 'Write {expected}, or a name that the attribute has for it.',
  },
  'otp-policy-form': {
    message: 'An entry needs exactly one of method, any_of and all_of; found {found}.',
    fix: 'Write method: time, or any_of: [server, time], or all_of: [time, sms].',
  },
  'key-needs-key': { message: "'{found}' means nothing without '{other}'." },
  'provider-twice': {
    message: "There is another provider called '{found}'.",
    fix: 'Give them different names: receipts and the audit trail carry them.',
  },
  'sms-template-lacks': {
    message: '{found} occurs neither in url nor in body: no message would be complete.',
    fix: 'Write {found} where the gateway expects it.',
  },
  'sms-without-provider': {
    message: 'A code by SMS is asked for here, and sms.providers is empty.',
    fix: 'Name a way of sending in sms.providers, or ask for something else.',
  },
  'sms-fallback-nowhere': {
    message: 'The fallback holds nowhere: routes is empty.',
    fix: 'Name the routes in sms.fallback.routes, or write ["*"] for all.',
  },
  'sms-twice': {
    message: "'{found}' asks for a code by SMS itself: one message would count twice.",
    fix: 'Leave it out of the list.',
  },
  'unreachable-policy': {
    message: 'This entry never holds: line {line} holds for the same people and places.',
    fix: 'Move the narrower entry above the wider one.',
  },
  'unknown-attribute': { message: "There is no RADIUS attribute '{found}'. {hint}" },
  'name-taken': {
    message: "'{found}' is the name of what begins on line {line}.",
    fix: 'Routes and RADIUS clients need different names: rules, statistics and the audit trail tell them apart by name.',
  },
  'radius-everyone': {
    message: '{found} would let every address try the secret.',
    fix: 'Name the addresses of the devices.',
  },
  'same-network': {
    message: '{found} belongs to the client on line {line}: nobody could tell whose request it is.',
    fix: 'Give every client networks of its own; the narrower one wins where they overlap.',
  },
  'short-secret': {
    message: 'The shared secret has {found} bytes; at least {min} are needed.',
    fix: 'Let a machine make it: openssl rand -base64 24',
  },
  'two-secrets-one-field': {
    message: 'RADIUS has one field for what people know, and this asks for {found}.',
    fix: 'Ask for one of them: id+otp+pin or id+pw+otp.',
  },
  'concat-mismatch': {
    message: "'{found}' does not fit {other}.",
    fix: 'Name what auth asks for, or leave concat out.',
  },
  'chap-needs-otp': {
    message: 'CHAP can prove a one-time password and nothing else.',
    fix: 'Write auth: id+otp, or leave chap out.',
  },
  'sms-needs-challenge': {
    message: 'A code by SMS is not there yet when the one field is filled in.',
    fix: 'Write mode: challenge.',
  },
  'soft-duplicate-open': {
    message: 'soft_duplicate needs requests that nobody can forge.',
    fix: 'Require Message-Authenticator, or write soft_duplicate: 0s.',
  },
  'sms-to-file': {
    message: "The provider '{found}' writes codes into a file, in clear.",
    fix: 'Use it for trying out only.',
  },
  'sms-in-clear': {
    message: 'Messages to {found} travel unencrypted, codes included.',
    fix: 'Use https, or TLS for SMPP.',
  },
  'shared-secret': {
    message: 'The client on line {line} has the same secret: who breaks one device has both.',
    fix: 'Give every client a secret of its own.',
  },
  'no-message-authenticator': {
    message: "Requests of '{found}' are not protected against forgery (CVE-2024-3596).",
    fix: 'Update the device until it sends Message-Authenticator, then remove this line.',
  },
  'proxy-state-open': {
    message: "Replies to '{found}' can be forged by whoever is between the two (CVE-2024-3596).",
    fix: 'Leave limit_proxy_state out unless a proxy stands in between and cannot be updated.',
  },
  'radius-half': {
    message: '{found} is empty: no request is ever answered.',
    fix: 'RADIUS needs an address to listen on and clients.',
  },
  'policy-never-met': {
    message: 'For people of these groups no code counts at: {found}.',
    fix: 'Change otp there, or name the routes this entry is for.',
  },
  'policy-names-application': {
    message: "'{found}' is no route and no RADIUS client: it holds only for an application of the API of that name.",
  },
  'key-without-meaning': { message: "'{found}' has no meaning with {other}.", fix: 'Leave it out.' },
} as const satisfies Partial<Record<FindingName, FindingText>>;
