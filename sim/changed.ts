/** The same object, but for some properties; whatever else it has stays as it is. */
export function changed<T extends object>(given: T, changes: Partial<T>): T {
  const bound = new Map<string | symbol, unknown>()
  return new Proxy(given, {
    get(target, property) {
      if (Object.hasOwn(changes, property)) return Reflect.get(changes, property)
      if (bound.has(property)) return bound.get(property)
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      const own: unknown = value.bind(target)
      bound.set(property, own)
      return own
    },
  })
}
