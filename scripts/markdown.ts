/** Reads from Markdown what the checks of the documents need. */

/** The targets of links and images, in order, code left out. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, '').replace(/`[^`\n]*`/g, '')
  const inline = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)]
  const byReference = [...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)]
  return [...inline, ...byReference].map((match) => match[1] ?? '')
}

/** The anchors of the headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  const prose = markdown.replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, '')
  return [...prose.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )
}

/** The commands of the blocks fenced as `sh`: a line each, without prompts, comments and empty lines. */
export function shellCommandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^ *```sh *$([\s\S]*?)^ *```/gm)]
    .flatMap((block) => (block[1] ?? '').replace(/\\\n\s*/g, '').split('\n'))
    .map((line) =>
      line
        .replace(/(^|\s)#.*$/, '')
        .replace(/^\s*\$ /, '')
        .trim(),
    )
    .filter((line) => line !== '')
}

export interface Snippet {
  /** The file that the block says it is taken from; '' when it names none. */
  readonly file: string
  /** Pieces that stand in the file as they are; a line with nothing but `…` stands between two. */
  readonly pieces: readonly string[]
}

/** The blocks fenced as `ts`, with the file that follows on the same line. */
export function snippetsOf(markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```ts *(.*)$\n([\s\S]*?)^```/gm)].map(([, file = '', code = '']) => ({
    file: file.trim(),
    pieces: code.split(/^\s*…\s*$\n/m).map((piece) => piece.trimEnd()),
  }))
}
