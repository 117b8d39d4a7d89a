/**
 * How an HTML element looks, as far as it decides whether its words can be seen: the handful of CSS
 * properties by which mail hides text. Colours, size and visibility are inherited and can be set again
 * further in, as newsletters do; `display: none` and its like take everything inside with them.
 */

type Rgb = readonly [number, number, number]

export interface Look {
  /** Not displayed, with everything inside. */
  readonly gone: boolean
  /** visibility: hidden. */
  readonly unseen: boolean
  /** The font is too small to be seen. */
  readonly tiny: boolean
  /** The words have the colour of what is behind them, or none. */
  readonly blended: boolean
  readonly ink: Rgb | 'none' | null
  /** null when it is a picture, or a colour that is not understood. */
  readonly paper: Rgb | null
}

/** Dark on white, as a mail begins. */
export const PLAIN: Look = {
  gone: false,
  unseen: false,
  tiny: false,
  blended: false,
  ink: null,
  paper: [255, 255, 255],
}

/** The declarations that matter here, by `.class` or `#id`, from the style elements of a document. */
export type Rules = ReadonlyMap<string, Declarations>

type Attributes = Readonly<Record<string, string>>
type Declarations = ReadonlyMap<string, string>

const PROPERTIES = new Set(
  (
    'display visibility opacity overflow height max-height width max-width left top text-indent margin-left ' +
    'font font-size color background background-color background-image'
  ).split(' '),
)
const MAX_CSS = 100_000
const NEARLY_EQUAL = 12
const COLOURS: Readonly<Record<string, Rgb>> = {
  white: [255, 255, 255],
  snow: [255, 250, 250],
  ivory: [255, 255, 240],
  ghostwhite: [248, 248, 255],
  whitesmoke: [245, 245, 245],
  black: [0, 0, 0],
}

/** Adds the rules of a style element. Rules for some screens only (`@media`) are left out. */
export function rulesOf(css: string, known: Rules): Rules {
  const rules = new Map(known)
  for (const [selectors, body] of blocksOf(css.slice(0, MAX_CSS))) {
    if (selectors.startsWith('@')) continue
    for (const selector of selectors.split(',')) {
      const name = /^\s*[a-z0-9]*([.#][\w-]+)\s*$/i.exec(selector)?.[1]
      if (name !== undefined) rules.set(name, new Map([...(rules.get(name) ?? []), ...parseStyle(body)]))
    }
  }
  return rules
}

/** The outermost `selectors { body }` blocks of a style sheet; of nested blocks only the outer part. */
function* blocksOf(css: string): Generator<[selectors: string, body: string]> {
  const [first = '', ...others] = css.split('/*')
  const code = first + others.map((part) => part.split('*/').slice(1).join('*/')).join('')
  let depth = 0
  let selectors = ''
  let body = ''
  for (const token of code.split(/([{}])/)) {
    if (token === '{') depth++
    else if (token === '}') depth--
    else if (depth <= 0) selectors += token
    else if (depth === 1) body += token
    if (token !== '}' || depth > 0) continue
    yield [selectors.slice(selectors.lastIndexOf(';') + 1).trim(), body]
    depth = 0
    selectors = ''
    body = ''
  }
}

function parseStyle(style: string): Declarations {
  const declarations = new Map<string, string>()
  for (const declaration of style.toLowerCase().split(';')) {
    const colon = declaration.indexOf(':')
    const property = declaration.slice(0, Math.max(colon, 0)).trim()
    if (!PROPERTIES.has(property)) continue
    declarations.set(
      property,
      declaration
        .slice(colon + 1)
        .replace('!important', '')
        .trim(),
    )
  }
  return declarations
}

/** How an element looks inside one that looks like `parent`. */
export function lookOf(parent: Look, attributes: Attributes, rules: Rules): Look {
  const styles = declarationsOf(attributes, rules)
  const ink = inkOf(parent, attributes, styles)
  const paper = paperOf(parent, attributes, styles)
  return {
    gone: parent.gone || 'hidden' in attributes || isGone(styles),
    unseen: isUnseen(parent, styles.get('visibility')),
    tiny: isTiny(parent, styles),
    blended: ink === 'none' || (ink !== null && paper !== null && isNearlyEqual(ink, paper)),
    ink,
    paper,
  }
}

function declarationsOf(attributes: Attributes, rules: Rules): Declarations {
  const names = (attributes.class ?? '').split(/\s+/).map((name) => `.${name}`)
  const found = [...names, `#${attributes.id ?? ''}`].flatMap((name) => [...(rules.get(name) ?? [])])
  return new Map([...found, ...parseStyle(attributes.style ?? '')])
}

function isGone(styles: Declarations): boolean {
  if (styles.get('display') === 'none') return true
  const opacity = styles.get('opacity')
  if (opacity !== undefined && Number.parseFloat(opacity) < 0.05) return true
  const sides = ['height', 'max-height', 'width', 'max-width'].map((name) => styles.get(name))
  if (styles.get('overflow') === 'hidden' && sides.some((side) => pixels(side) === 0)) return true
  return ['left', 'top', 'text-indent', 'margin-left'].some((name) => (pixels(styles.get(name)) ?? 0) < -900)
}

function isUnseen(parent: Look, visibility: string | undefined): boolean {
  if (visibility === undefined || visibility === 'inherit') return parent.unseen
  return visibility === 'hidden' || visibility === 'collapse'
}

function isTiny(parent: Look, styles: Declarations): boolean {
  const short = /(?:^|\s)([\d.]+(?:px|pt|r?em|%)|0)(?=[\s/])/.exec(styles.get('font') ?? '')?.[1]
  const size = pixels(styles.get('font-size') ?? short)
  return size === null ? parent.tiny : size < 2
}

/** A CSS length in pixels; null when there is none. */
function pixels(length: string | undefined): number | null {
  const match = /^(-?[\d.]+)(px|pt|r?em|%)?$/.exec(length ?? '')
  if (match === null) return null
  const scale = { pt: 4 / 3, em: 16, rem: 16, '%': 0.16 }[match[2] ?? ''] ?? 1
  return Number.parseFloat(match[1] ?? '') * scale
}

function inkOf(parent: Look, attributes: Attributes, styles: Declarations): Look['ink'] {
  const value = styles.get('color') ?? attributes.color?.toLowerCase()
  if (value === undefined || value === 'inherit') return parent.ink
  if (value === 'transparent' || /^rgba\(.*,\s*0(?:\.0*)?\)$/.test(value)) return 'none'
  return colourOf(value)
}

function paperOf(parent: Look, attributes: Attributes, styles: Declarations): Look['paper'] {
  if (attributes.background !== undefined || styles.has('background-image')) return null
  const value =
    styles.get('background-color') ?? styles.get('background') ?? attributes.bgcolor?.toLowerCase()
  if (value === undefined || /^(?:inherit|initial|none|transparent)?$/.test(value)) return parent.paper
  return colourOf(value)
}

/** The colour a value begins with; null for one that is not understood. */
function colourOf(value: string): Rgb | null {
  const hex = /^#([0-9a-f]{3,8})\b/.exec(value)?.[1]
  if (hex !== undefined) return fromHex(hex)
  const numbers = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(value)
  if (numbers !== null) return [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])]
  const name = /^[a-z]+\b/.exec(value)?.[0] ?? ''
  return Object.hasOwn(COLOURS, name) ? (COLOURS[name] ?? null) : null
}

function fromHex(hex: string): Rgb | null {
  if (hex.length === 5 || hex.length === 7) return null
  const digits = hex.length < 6 ? hex.replace(/./g, '$&$&') : hex
  const channel = (at: number) => Number.parseInt(digits.slice(at, at + 2), 16)
  return [channel(0), channel(2), channel(4)]
}

function isNearlyEqual(a: Rgb, b: Rgb): boolean {
  return a.every((channel, i) => Math.abs(channel - (b[i] ?? 0)) <= NEARLY_EQUAL)
}
