/** The part of html-to-text 10 that is used here; the package ships no types. */
declare module 'html-to-text' {
  export interface ConvertOptions {
    readonly wordwrap?: number | false
    readonly selectors?: ReadonlyArray<{
      readonly selector: string
      readonly format?: string
      readonly options?: Readonly<Record<string, unknown>>
    }>
  }
  export function compile(options?: ConvertOptions): (html: string) => string
}
