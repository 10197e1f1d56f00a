#!/usr/bin/env node
// Nothing may be imported before the runtime is known to be new enough: better-sqlite3 would end an old one with a
// segmentation fault and no message. So this file has no static import and no syntax younger than ES2020.
export {};

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 22) || major % 2 === 1) {
  const found = process.versions.node;
  const language = (process.env['LC_ALL'] || process.env['LC_MESSAGES'] || process.env['LANG'] || '').slice(0, 2);
  const sentences: Readonly<Record<string, string>> = {
    ko: `수문장은 Node.js 22.22 이상의 짝수 버전이 필요합니다 (지금 ${found}). Node.js 24 를 설치한 뒤 다시 실행하십시오.`,
    en: `Sumun needs an even release of Node.js, 22.22 or newer (this is ${found}): install Node.js 24 and run it again.`,
    ja: `水門番には Node.js 22.22 以上の偶数バージョンが必要です (現在 ${found})。Node.js 24 を入れてから再度実行してください。`,
  };
  process.stderr.write(`${sentences[language] ?? sentences['en'] ?? ''}\n`);
  process.exitCode = 1;
} else {
  const [{ createWiring }, { languageOf, runCommandLine }] = await Promise.all([
    import('./app/wiring.ts'),
    import('./cli/command-line.ts'),
  ]);
  // A reader that goes away (`sumun audit export | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  const args = process.argv.slice(2);
  process.exitCode = await runCommandLine(args, createWiring(process, languageOf(args, process.env)));
}
