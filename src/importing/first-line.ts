/** The first line that is neither empty nor a remark (`#`), by which a format is told; undefined where there is none. */
export const firstLine = (text: string): string | undefined =>
  text.split('\n').find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
