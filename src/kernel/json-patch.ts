/**
 * What changed from one JSON value to the next, so that a large state need not be written down whole for
 * each small change. The patched value equals the next one, the order of its fields included.
 */
import { type Json, type JsonObject, setField } from './json.ts'

/** `[path, value]` sets, `[path]` removes. An empty path is the whole value. */
export type PatchStep = readonly [path: readonly (string | number)[], value?: Json]
export type Patch = readonly PatchStep[]

export function diffJson(before: Json, after: Json): Patch {
  const steps: PatchStep[] = []
  compare(before, after, [], steps)
  return steps
}

function compare(before: Json, after: Json, path: readonly (string | number)[], steps: PatchStep[]): void {
  if (before === after) return
  if (isArray(before) && isArray(after)) compareArrays(before, after, path, steps)
  else if (isObject(before) && isObject(after) && keepsOrder(before, after)) {
    for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) steps.push([[...path, key]])
    for (const [key, value] of Object.entries(after)) {
      if (Object.hasOwn(before, key)) compare(before[key] ?? null, value, [...path, key], steps)
      else steps.push([[...path, key], value])
    }
  } else steps.push([path, after])
}

function compareArrays(
  before: readonly Json[],
  after: readonly Json[],
  path: readonly (string | number)[],
  steps: PatchStep[],
): void {
  for (const [i, value] of after.entries()) {
    if (i < before.length) compare(before[i] ?? null, value, [...path, i], steps)
    else steps.push([[...path, i], value])
  }
  for (let i = before.length - 1; i >= after.length; i -= 1) steps.push([[...path, i]])
}

/** Whether the fields that stay come first and in their old order, as patching leaves them. */
function keepsOrder(before: JsonObject, after: JsonObject): boolean {
  const kept = Object.keys(before).filter((key) => Object.hasOwn(after, key))
  const keys = Object.keys(after)
  return kept.every((key, i) => keys[i] === key)
}

/** The patched value; `value` itself is left as it was. */
export function patchJson(value: Json, patch: Patch): Json {
  let patched = cloneJson(value)
  for (const step of patch) {
    if (step[0].length === 0) patched = cloneJson(step[1] ?? null)
    else applyStep(patched, step)
  }
  return patched
}

function applyStep(root: Json, step: PatchStep): void {
  const path = [...step[0]]
  const last = path.pop() ?? ''
  let target: Json = root
  for (const part of path) target = (target as JsonObject)[part] ?? null
  const removes = step.length === 1
  if (isArray(target)) {
    if (removes) (target as Json[]).splice(Number(last), 1)
    else (target as Json[])[Number(last)] = cloneJson(step[1] ?? null)
  } else if (removes) delete (target as Record<string, Json>)[last]
  else setField(target as Record<string, Json>, String(last), cloneJson(step[1] ?? null))
}

/** A copy that shares nothing with the value. */
export function cloneJson(value: Json): Json {
  if (value === null || typeof value !== 'object') return value
  if (isArray(value)) return value.map(cloneJson)
  const copy: Record<string, Json> = {}
  for (const key of Object.keys(value)) setField(copy, key, cloneJson((value as JsonObject)[key] ?? null))
  return copy
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
