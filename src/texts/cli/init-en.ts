import type { CliInit } from './init-ko.ts';

/** What `init` asks, writes and says, in English. */
export const initEn: CliInit = {
  askHost: 'Host name people will open (empty for any)',
  askUpstream: 'Address of the application behind the gateway',
  askAuth: 'Sign-in',
  askAdmin: 'Login of the first administrator',
  authChoices: { 'id+otp': 'ID + OTP', 'id+otp+pin': 'ID + OTP + PIN', 'id+pw+otp': 'ID + password + OTP' },
  exists: (file) => `${file} exists already and is never overwritten`,
  existsRemedy: 'use another folder, or look at the present one with sumun check',
  upstreamInvalid: (value) => `'${value}' is not of the form http://host:port`,
  authInvalid: (value) => `'${value}' is no form of sign-in: id+otp, id+otp+pin, id+pw+otp …`,
  hostInvalid: (value) => `'${value}' is not a host name`,
  wrote: (file) => `wrote ${file} and the keys`,
  admin: (login) => `first administrator ${login}`,
  passwordLabel: 'temporary password',
  shownOnce: 'These values are not shown again. Add them to an authenticator app now',
  next: 'Next:',
  comments: {
    listen: 'where the gateway listens',
    routes: 'read from top to bottom, the first match wins; what matches nothing stays shut',
    host: 'add host: to serve one name only',
    auth: 'what has to be proved and the order of the fields: id, then otp, pin, pw',
    allow: 'narrows who may enter; without it everybody who signs in may',
    tests: 'run by sumun check',
  },
};
