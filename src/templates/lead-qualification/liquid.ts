/**
 * The texts of the playbook are Liquid templates (https://liquidjs.com), checked when the playbook is
 * loaded: syntax, names, filters, and a rendering with example data. What comes from a mail is only ever
 * data of a template, never a template: a `{{ … }}` written in a mail stays these very characters.
 */
import { Liquid, LiquidError, type Template } from 'liquidjs'
import { z } from 'zod'
import { nearest } from '../../kernel/nearest.ts'

/** What a template may name. All of it is text, or lists and groups of texts. */
export interface TemplateData {
  readonly [name: string]: string | readonly string[] | TemplateData
}

/** A checked template: gives its text for some data, tidied as mail text. */
export type Text = (data: TemplateData) => string

const liquid = new Liquid({
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  templates: {},
  parseLimit: 20_000,
  renderLimit: 2000,
  memoryLimit: 100_000,
})
// There are no other templates to include, and a draft must come out the same when it is replayed.
for (const tag of ['include', 'render', 'layout', 'block']) delete liquid.tags[tag]
for (const filter of Object.keys(liquid.filters)) {
  if (filter === 'sample' || filter.startsWith('date')) delete liquid.filters[filter]
}

/**
 * A template that may name what `example` holds. It is rendered with the example and with the same data
 * emptied, so that it fails when the playbook is loaded and not when a mail is answered.
 */
export function templateSchema(example: TemplateData): z.ZodType<Text, string> {
  return z
    .string()
    .max(10_000)
    .transform((source, context): Text => {
      try {
        const template = liquid.parse(source)
        const unknown = unknownNames(template, example)
        for (const { message, line, column } of unknown) {
          context.addIssue({ code: 'custom', message, params: { line, column } })
        }
        if (unknown.length > 0) return z.NEVER
        for (const data of [example, emptied(example)]) render(template, data)
        return (data) => render(template, data)
      } catch (error) {
        if (!(error instanceof LiquidError)) throw error
        const [line, column] = error.token.getPosition()
        context.addIssue({ code: 'custom', message: messageOf(error), params: { line, column } })
        return z.NEVER
      }
    })
}

function render(template: Template[], data: TemplateData): string {
  const text: string = liquid.renderSync(template, data)
  return text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function messageOf(error: LiquidError): string {
  const message = error.originalError?.message ?? error.message
  return message.replace(/, line:\d+, col:\d+$/, '').replace(/^ENOENT: /, '')
}

/** Names that are used anywhere, even in a branch that no example reaches, and are not offered. */
function unknownNames(template: Template[], example: TemplateData) {
  const used = Object.values(liquid.analyzeSync(template, { partials: false }).globals).flat()
  return used.flatMap(({ segments, location }) => {
    const path = segments.filter((part) => typeof part === 'string')
    if (path.length < segments.length || isOffered(path, example)) return []
    const name = path.join('.')
    const meant = nearest(name, namesIn(example))
    const help = meant ? `did you mean ${meant}?` : `known here: ${namesIn(example).join(', ')}`
    return [{ message: `unknown name ${name}; ${help}`, line: location.row, column: location.col }]
  })
}

function isOffered(path: readonly string[], data: TemplateData): boolean {
  const [first = '', ...rest] = path
  if (!Object.hasOwn(data, first)) return false
  const value = data[first]
  if (typeof value === 'object' && !Array.isArray(value)) {
    return rest.length > 0 && isOffered(rest, value as TemplateData)
  }
  return rest.length === 0 || (rest.length === 1 && /^(?:size|first|last)$/.test(rest[0] ?? ''))
}

function namesIn(data: TemplateData, prefix = ''): string[] {
  return Object.entries(data).flatMap(([name, value]) =>
    typeof value === 'object' && !Array.isArray(value)
      ? namesIn(value as TemplateData, `${prefix}${name}.`)
      : [prefix + name],
  )
}

function emptied(data: TemplateData): TemplateData {
  const entries = Object.entries(data).map(([name, value]) => {
    if (typeof value === 'string') return [name, '']
    return [name, Array.isArray(value) ? [] : emptied(value as TemplateData)]
  })
  return Object.fromEntries(entries)
}
