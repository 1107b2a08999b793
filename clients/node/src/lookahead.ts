/** Waits for the next of a sequence without taking it, so that one can wait for several. */
export class Lookahead<T> {
  readonly #items: AsyncIterator<T>;
  #next: Promise<this> | undefined;
  #result: IteratorResult<T> | undefined;
  #failed = false;

  constructor(items: AsyncIterator<T>) {
    this.#items = items;
  }

  /** Whether the sequence has thrown. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Settles when `take` has something to give, or rejects with what the sequence throws. */
  ready(): Promise<this> {
    if (this.#next === undefined) {
      this.#next = this.#fetch();
      // Nobody may be waiting any more when it fails.
      this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  take(): IteratorResult<T> {
    if (this.#result === undefined) {
      throw new Error("nothing is ready");
    }
    const result = this.#result;
    this.#next = this.#result = undefined;
    return result;
  }

  /** Tells the sequence that no more is wanted; does not wait for what it still does. */
  close(): void {
    this.#items.return?.().catch(() => undefined);
  }

  async #fetch(): Promise<this> {
    try {
      this.#result = await this.#items.next();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
    return this;
  }
}
