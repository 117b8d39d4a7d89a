/** What begins so stands for somebody who was erased: no customer, address or name is called that. */
export const ERASED_PREFIX = 'erased-'
