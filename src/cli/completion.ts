import { Argument, type Command } from 'commander';
import { EXIT } from './exit.ts';
import type { Registrar } from './registrar.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** What can be typed after one command: `path` is `user add`, empty for the program itself. */
type Node = { readonly path: string; readonly words: readonly string[]; readonly flags: readonly string[] };

/** `sumun completion bash|zsh|fish`: a script for the shell, made from the tree of commands. */
export const addCompletionCommand: Registrar = (program, terminal, act) => {
  const { help } = terminal.texts;
  program
    .command('completion')
    .description(help.completion)
    .addArgument(new Argument('<shell>', help.completionShell).choices(SHELLS))
    .action(
      act((shell: Shell) => {
        terminal.print(WRITERS[shell](nodesOf(program)));
        return EXIT.fine;
      }),
    );
};

function nodesOf(program: Command): readonly Node[] {
  const global = flagsOf(program);
  const walk = (command: Command, path: string): Node[] => {
    const visible = command.createHelp().visibleCommands(command);
    const flags = command === program ? global : [...flagsOf(command), ...global];
    const here = { path, words: visible.map((child) => child.name()), flags };
    return [here, ...visible.flatMap((child) => walk(child, `${path} ${child.name()}`.trim()))];
  };
  return walk(program, '');
}

const flagsOf = (command: Command): readonly string[] =>
  command.options.flatMap((option) => (option.long === undefined || option.long === null ? [] : [option.long]));

/** A function that finds the deepest command on the line, then offers its commands and flags. */
function bash(nodes: readonly Node[]): string {
  const cases = nodes.map((node) => `    '${node.path}') words='${[...node.words, ...node.flags].join(' ')}' ;;`);
  const paths = nodes.map((node) => `'${node.path}'`).join('|');
  return `_sumun() {
  local path='' word words='' candidate
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    candidate="\${path:+$path }$word"
    case "$candidate" in ${paths}) path="$candidate" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); fi
}
complete -F _sumun sumun`;
}

/** zsh reads the bash function through its own emulation. */
const zsh = (nodes: readonly Node[]): string =>
  `#compdef sumun\nautoload -U +X bashcompinit && bashcompinit\n${bash(nodes)}`;

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words, flags }) => {
    const names = path === '' ? [] : path.split(' ');
    const condition =
      names.length === 0
        ? '__fish_use_subcommand'
        : names.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
    return [
      ...words.map((word) => `complete -c sumun -f -n '${condition}' -a ${word}`),
      ...(names.length === 0 ? [] : flags.map((flag) => `complete -c sumun -n '${condition}' -l ${flag.slice(2)}`)),
    ];
  });
  return lines.join('\n');
}

const WRITERS: Readonly<Record<Shell, (nodes: readonly Node[]) => string>> = { bash, zsh, fish };
