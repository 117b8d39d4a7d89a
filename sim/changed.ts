/** The same object, but for some properties; whatever else it has stays as it is. */
export function changed<T extends object>(given: T, changes: Partial<T>): T {
  return new Proxy(given, {
    get(target, property) {
      if (Object.hasOwn(changes, property)) return Reflect.get(changes, property)
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
