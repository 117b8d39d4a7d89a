/** Work that comes by the thousand, taken on a page at a time, with turns of the event loop in between. */
export const PAGE = 500

export class Pager {
  readonly #hasRoom: () => boolean
  readonly #pages: (() => boolean)[] = []
  #scheduled = false

  /** While `hasRoom` says no, nothing more is taken on; `goOn` asks again. */
  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom
  }

  get busy(): boolean {
    return this.#pages.length > 0
  }

  /** The first page is turned at once; `page` says whether there are more. */
  begin(page: () => boolean): void {
    if (!page()) return
    this.#pages.push(page)
    this.goOn()
  }

  goOn(): void {
    if (this.#scheduled || !this.busy || !this.#hasRoom()) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  stop(): void {
    this.#pages.length = 0
  }

  #turn(): void {
    this.#scheduled = false
    const page = this.#pages.shift()
    if (page?.()) this.#pages.push(page)
    this.goOn()
  }
}
