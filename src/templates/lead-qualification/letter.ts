/** A letter as its parts, so that a wish can change one of them: greeting, paragraphs, closing. */

import type { TemplateData } from './liquid.ts'
import type { LanguageTexts } from './playbook.ts'

export interface Letter {
  /** '' when it has none. */
  readonly greeting: string
  /** Without empty lines within; a paragraph whose lines begin with "- " is a list. */
  readonly paragraphs: readonly string[]
  /** The closing with the signature; '' when it has none. */
  readonly closing: string
}

export function letterText({ greeting, paragraphs, closing }: Letter): string {
  return [greeting, ...paragraphs, closing].filter((part) => part !== '').join('\n\n')
}

export function paragraphsOf(text: string): string[] {
  return text
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n\s*/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
}

/**
 * The parts of a text that was a letter once and may have been edited since. What can't be told apart
 * counts as a paragraph, so that nothing is lost.
 */
export function readLetter(
  text: string,
  texts: LanguageTexts,
  signature: string,
  data: TemplateData,
): Letter {
  const paragraphs = paragraphsOf(text)
  const first = paragraphs[0] ?? ''
  const greetings = [texts.greeting(data), texts.formalGreeting?.(data)]
  const isGreeting = greetings.includes(first) || /^[^\n]{1,80}[,:،、様]$/u.test(first)
  const greeting = isGreeting && paragraphs.length > 1 ? first : ''
  const rest = greeting === '' ? paragraphs : paragraphs.slice(1)

  const closings = [texts.closing(data), texts.formalClosing?.(data)]
  const signed = signature.split('\n', 1)[0] ?? ''
  const end = rest.findLastIndex((paragraph) => {
    const line = paragraph.split('\n', 1)[0] ?? ''
    return closings.includes(line) || (signed !== '' && line === signed)
  })
  if (end === -1) return { greeting, paragraphs: rest, closing: '' }
  return { greeting, paragraphs: rest.slice(0, end), closing: rest.slice(end).join('\n\n') }
}

export function isList(paragraph: string): boolean {
  return paragraph.startsWith('- ')
}
