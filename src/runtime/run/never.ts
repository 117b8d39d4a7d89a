/** For code that must go no further: its frame is collected with the promise. */
export function never<T>(): Promise<T> {
  return new Promise(() => {})
}
