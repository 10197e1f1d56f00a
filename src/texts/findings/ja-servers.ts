import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about OTP policies, SMS and RADIUS in Japanese. */
export const jaServers = {
  'bad-quota': {
    message: '時間あたりの回数ではありません: {found}。',
    fix: '回数、スラッシュ、一日以内の時間で書いてください: 5/10m、20/1d。',
  },
  'bad-phone-prefix': {
    message: '電話番号の先頭ではありません: {found}。',
    fix: '保存されている番号と同じ形で、引用符で囲んで書いてください: "+82"、"010"。',
  },
  'bad-sms-body': {
    message: '本文がメディアタイプに合いません: {found}。',
    fix: '波括弧の語を文字列の中に置いた JSON、XML、またはフォームの項目で書いてください: to={to}&text={text}。',
  },
  'bad-attribute-value': {
    message: '{other} の値ではありません: {found}。',
    fix: '使える値: {expected}、またはこの属性が決めている名前。',
  },
  'otp-policy-form': {
    message: '項目には method、any_of、all_of のどれか一つだけが必要です。書かれた値: {found}。',
    fix: 'method: time、any_of: [server, time]、all_of: [time, sms] のように書いてください。',
  },
  'key-needs-key': { message: '「{other}」がないと「{found}」に意味がありません。' },
  'provider-twice': {
    message: '「{found}」という送信経路がすでにあります。',
    fix: '配信確認と監査記録に使うため、名前は別々にしてください。',
  },
  'sms-template-lacks': {
    message: 'url にも body にも {found} がなく、メッセージが完成しません。',
    fix: 'SMS ゲートウェイが求める場所に {found} を書いてください。',
  },
  'sms-without-provider': {
    message: 'ここで SMS のコードを求めていますが、sms.providers が空です。',
    fix: 'sms.providers に送信経路を書くか、別の要素を使ってください。',
  },
  'sms-fallback-nowhere': {
    message: 'routes が空のため、代替の SMS が使われる場所がありません。',
    fix: 'sms.fallback.routes にルート名を書くか、すべてなら ["*"] と書いてください。',
  },
  'sms-twice': {
    message: '「{found}」はすでに SMS のコードを求めています。一通が二度数えられます。',
    fix: 'リストから外してください。',
  },
  'unreachable-policy': {
    message: 'この項目は効きません。{line} 行目が同じ人と場所に先に当てはまります。',
    fix: '狭い項目を広い項目の上に移してください。',
  },
  'unknown-attribute': { message: 'RADIUS 属性「{found}」はありません。{hint}' },
  'name-taken': {
    message: '「{found}」は {line} 行目ですでに使われている名前です。',
    fix: 'ポリシー、統計、監査記録が名前で区別するため、ルートと RADIUS クライアントの名前は別々にしてください。',
  },
  'radius-everyone': {
    message: '{found} では、あらゆるアドレスが秘密の値を試せます。',
    fix: '装置のアドレスを書いてください。',
  },
  'same-network': {
    message: '{found} は {line} 行目のクライアントのネットワークで、誰の要求か区別できません。',
    fix: 'クライアントごとに別のネットワークを書いてください。重なる場合は狭い方が優先されます。',
  },
  'short-secret': {
    message: '共有秘密は {found} バイトです。{min} バイト以上が必要です。',
    fix: '機械に作らせてください: openssl rand -base64 24',
  },
  'two-secrets-one-field': {
    message: 'RADIUS には知識を入れる欄が一つしかないのに、{found} を求めています。',
    fix: '一つだけ求めてください: id+otp+pin または id+pw+otp。',
  },
  'concat-mismatch': {
    message: '「{found}」は {other} に合いません。',
    fix: 'auth が求めるものを書くか、concat を消してください。',
  },
  'chap-needs-otp': {
    message: 'CHAP で確かめられるのは OTP だけです。',
    fix: 'auth: id+otp と書くか、chap を消してください。',
  },
  'sms-needs-challenge': {
    message: '一欄の方式では、入力の時点で SMS のコードがまだありません。',
    fix: 'mode: challenge と書いてください。',
  },
  'soft-duplicate-open': {
    message: 'soft_duplicate は、要求を偽造できない場合だけ使えます。',
    fix: 'Message-Authenticator を必須にするか、soft_duplicate: 0s と書いてください。',
  },
  'sms-to-file': {
    message: '送信経路「{found}」はコードをファイルにそのまま書きます。',
    fix: '試用のときだけ使ってください。',
  },
  'sms-in-clear': {
    message: '{found} へのメッセージは、コードも含めて暗号化されずに送られます。',
    fix: 'https を使うか、SMPP に TLS を使ってください。',
  },
  'shared-secret': {
    message: '{line} 行目のクライアントと秘密の値が同じです。一台が破られると両方が破られます。',
    fix: 'クライアントごとに別の秘密の値を使ってください。',
  },
  'no-message-authenticator': {
    message: '「{found}」の要求は偽造から守られません(CVE-2024-3596)。',
    fix: 'Message-Authenticator を送るまで装置を更新し、この行を消してください。',
  },
  'proxy-state-open': {
    message: '「{found}」への応答を、間にいる者が偽造できます(CVE-2024-3596)。',
    fix: '更新できないプロキシが間にある場合を除き、limit_proxy_state を消してください。',
  },
  'radius-half': {
    message: '{found} が空のため、どの要求にも応答しません。',
    fix: 'RADIUS には待ち受けるアドレスとクライアントの両方が必要です。',
  },
  'policy-never-met': {
    message: 'このグループの人は、次の場所でどのコードも認められません: {found}。',
    fix: 'その場所の otp を変えるか、この項目に routes を書いてください。',
  },
  'policy-names-application': {
    message: '「{found}」はルートでも RADIUS クライアントでもないため、同じ名前の API アプリケーションにだけ効きます。',
  },
  'key-without-meaning': { message: '{other} では「{found}」に意味がありません。', fix: '消してください。' },
} as const satisfies Partial<Record<FindingName, FindingText>>;
