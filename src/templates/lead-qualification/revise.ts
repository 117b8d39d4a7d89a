/**
 * What an operator's instruction does to a draft where there is no model. There is no understanding in
 * it, only the rules that the playbook lists under `respond`: a sentence that holds one of their phrases
 * does what the rule says; sentences that hold none go in word for word, as a paragraph before the
 * closing. What was done, and which words were not used, is said, so that nobody is misled.
 */
import { isList, type Letter } from './letter.ts'
import type { TemplateData } from './liquid.ts'
import type { LanguageTexts, Topic, Wish } from './playbook.ts'

export interface Revision {
  readonly letter: Letter
  /** What was done, in words for the operator. */
  readonly changes: readonly string[]
}

export interface RevisionContext {
  readonly wishes: readonly Wish[]
  readonly language: string
  /** The language of the business, for additions that lack the language of the mail. */
  readonly fallback: string
  readonly texts: LanguageTexts
  readonly data: TemplateData
}

interface Match {
  readonly wish: Wish
  readonly start: number
  readonly end: number
}

const SENTENCE_END = /(?<=[.!?。！？])\s+|\s*[;\n]\s*/
const JOINING =
  /^[\s,&]*(?:(?:and|und|et|y|och|then|please|bitte)\s+)?|[\s,&]*(?:\s(?:and|und|et|y|och))?[\s,.!。]*$/gi
/** Shorter remains ("please make it a bit") are not worth telling. */
const WORDS_WORTH_TELLING = 5

export function revise(letter: Letter, instruction: string, context: RevisionContext): Revision {
  let revision: Revision = { letter, changes: [] }
  let verbatim: string[] = []
  const insert = () => {
    if (verbatim.length > 0) revision = add(revision, verbatim.join(' '), 'put in, word for word')
    verbatim = []
  }
  for (const sentence of instruction.split(SENTENCE_END).map((each) => each.trim())) {
    const matches = matchesIn(sentence, context.wishes)
    if (matches.length === 0) {
      if (sentence !== '') verbatim.push(sentence)
      continue
    }
    insert()
    revision = obey(revision, sentence, matches, context)
  }
  insert()
  return revision
}

/** The wishes that a sentence holds, in order; of two that overlap, the longer. */
function matchesIn(sentence: string, wishes: readonly Wish[]): Match[] {
  const all = wishes.flatMap((wish) =>
    wish.when.flatMap(({ expression }) =>
      [...sentence.matchAll(expression)].map(
        ({ index, 0: words }): Match => ({ wish, start: index, end: index + words.length }),
      ),
    ),
  )
  const kept: Match[] = []
  for (const match of all.toSorted((a, b) => b.end - b.start - (a.end - a.start))) {
    const free = kept.every(({ start, end }) => match.end <= start || match.start >= end)
    if (free && !kept.some(({ wish }) => wish === match.wish)) kept.push(match)
  }
  return kept.toSorted((a, b) => a.start - b.start)
}

function obey(
  revision: Revision,
  sentence: string,
  matches: readonly Match[],
  context: RevisionContext,
): Revision {
  let { letter, changes } = revision
  const unused = [sentence.slice(0, matches[0]?.start)]
  matches.forEach(({ wish, end }, i) => {
    const rest = sentence.slice(end, matches[i + 1]?.start).replace(JOINING, '')
    const next = apply(wish, { letter, changes }, rest, context)
    letter = next.letter
    changes = next.changes
    if (!wish.add) unused.push(rest)
  })
  const told = unused
    .map((words) => words.replace(JOINING, ''))
    .filter((words) => words.split(/\s+/).length >= WORDS_WORTH_TELLING)
  return { letter, changes: [...changes, ...told.map((words) => `not used: "${words}"`)] }
}

function apply(wish: Wish, revision: Revision, rest: string, context: RevisionContext): Revision {
  if (wish.shorten) return shorten(revision)
  if (wish.formal) return formal(revision, context)
  if (wish.ask) return ask(revision, wish.ask, context.texts)
  if (wish.omit) return omit(revision, wish.omit, context.texts)
  const text = wish.add?.[context.language] ?? wish.add?.[context.fallback]
  if (!text) return changed(revision, revision.letter, `nothing to add in ${context.language}`)
  return add(revision, text({ ...context.data, rest }), 'put in')
}

/** Keeps the first sentence, what asks something with the line that leads to it, and lists. */
function shorten(revision: Revision): Revision {
  const { paragraphs } = revision.letter
  const kept = paragraphs.flatMap((paragraph, i) => {
    if (i === 0) return [isList(paragraph) ? paragraph : (paragraph.split(/(?<=[.!?。！？])\s*/u)[0] ?? '')]
    const leadsToList = isList(paragraphs[i + 1] ?? '')
    return isList(paragraph) || leadsToList || /[?？]/.test(paragraph) ? [paragraph] : []
  })
  const isShorter = kept.join('').length < paragraphs.join('').length
  const done = isShorter ? 'made shorter' : 'could not be made shorter by rule'
  return changed(revision, { ...revision.letter, paragraphs: kept }, done)
}

function formal(revision: Revision, { texts, data }: RevisionContext): Revision {
  const { letter } = revision
  const [, ...signature] = letter.closing.split('\n')
  const closing = (texts.formalClosing ?? texts.closing)(data)
  const greeting = (texts.formalGreeting ?? texts.greeting)(data)
  return changed(
    revision,
    { ...letter, greeting, closing: [closing, ...signature].join('\n') },
    'formal greeting and closing',
  )
}

function ask(revision: Revision, topic: Topic, { questions }: LanguageTexts): Revision {
  const { paragraphs } = revision.letter
  const question = questions[topic]
  if (paragraphs.some((paragraph) => paragraph.includes(question))) {
    return changed(revision, revision.letter, `asks about ${topic} already`)
  }
  const list = paragraphs.findLastIndex(isList)
  const asked =
    list === -1 ? [...paragraphs, question] : paragraphs.with(list, `${paragraphs[list]}\n- ${question}`)
  return changed(revision, { ...revision.letter, paragraphs: asked }, `asks about ${topic}`)
}

function omit(revision: Revision, topic: Topic, { questions }: LanguageTexts): Revision {
  const { paragraphs } = revision.letter
  const question = questions[topic]
  const without = paragraphs.map((paragraph) =>
    paragraph
      .split('\n')
      .filter((line) => line !== question && line !== `- ${question}`)
      .join('\n'),
  )
  const left = without.filter((paragraph, i) => {
    const leadsToNothing = /[:：]$/.test(paragraph) && without[i + 1] === '' && paragraphs[i + 1] !== ''
    return paragraph !== '' && !leadsToNothing
  })
  const done =
    left.join() === paragraphs.join() ? `does not ask about ${topic}` : `no longer asks about ${topic}`
  return changed(revision, { ...revision.letter, paragraphs: left }, done)
}

function add(revision: Revision, paragraph: string, how: string): Revision {
  const paragraphs = [...revision.letter.paragraphs, paragraph]
  return changed(revision, { ...revision.letter, paragraphs }, `${how}: "${paragraph}"`)
}

function changed({ changes }: Revision, letter: Letter, change: string): Revision {
  return { letter, changes: [...changes, change] }
}
