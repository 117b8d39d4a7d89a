/** Files that leave with an effect, read from its input in the shapes in which mail programs take them. */
import { Buffer } from 'node:buffer'
import type { Json, JsonObject } from '../../kernel/json.ts'

export interface Attachment {
  readonly name: string
  /** null when it can't be told. */
  readonly bytes: number | null
  /** Media type in small letters; null when it is not said. */
  readonly type: string | null
}

/** The items of a field that is declared to hold files. */
export function attachmentsOf(value: Json): Attachment[] {
  if (value === null) return []
  if (Array.isArray(value)) return value.flatMap(attachmentsOf)
  return [typeof value === 'object' ? read(value as JsonObject) : NOT_TOLD]
}

/** Whatever in the values names a file or a media type. */
export function attachmentsIn(values: readonly Json[]): Attachment[] {
  return values.flatMap((value): Attachment[] => {
    if (typeof value !== 'object' || value === null) return []
    const object = value as JsonObject
    if (textOf(object, NAMES) !== null || textOf(object, TYPES) !== null) return [read(object)]
    return attachmentsIn(Object.values(object))
  })
}

const NOT_TOLD: Attachment = { name: '', bytes: null, type: null }
const NAMES = ['filename', 'fileName']
const TYPES = ['contentType', 'mimeType', 'mediaType']
const SIZES = ['size', 'bytes', 'byteLength']
const CONTENTS = ['content', 'data']
/** Where it is fetched from when it is sent. */
const PLACES = ['path', 'href', 'raw']

function read(file: JsonObject): Attachment {
  const content = textOf(file, CONTENTS)
  const isBase64 = file.encoding === 'base64' || typeof file.data === 'string'
  const said = SIZES.map((name) => file[name]).find((one) => typeof one === 'number')
  // What it holds counts before what it says of itself.
  const size = content === null ? ((said as number | undefined) ?? null) : sizeOf(content, isBase64)
  return {
    name: textOf(file, [...NAMES, 'name']) ?? '',
    bytes: content !== null && textOf(file, PLACES) !== null ? null : size,
    type:
      textOf(file, [...TYPES, 'type'])
        ?.split(';')[0]
        ?.trim()
        .toLowerCase() ?? null,
  }
}

function sizeOf(content: string, isBase64: boolean): number {
  return Buffer.byteLength(content, isBase64 ? 'base64' : 'utf8')
}

function textOf(object: JsonObject, names: readonly string[]): string | null {
  const found = names.map((name) => object[name]).find((one) => typeof one === 'string')
  return (found as string | undefined) ?? null
}
