// When the map asks again while it moves: as soon as there is nobody to wait for.

const CALM_MS = 60;

export class Pace {
  // load(since): asks and draws; a later one takes the place of an earlier one
  constructor(load) {
    Object.assign(this, { load, running: null, wish: null, timer: null });
  }

  // A move is answered at once. Of those that follow while an answer is on its way, the last one after it, or when
  // the map has been calm and the answer still is not there: a server is never asked for more than it can give.
  moved() {
    this.wish = performance.now();
    clearTimeout(this.timer);
    if (this.running) this.timer = setTimeout(() => this.go(), CALM_MS);
    else this.go();
  }

  async go() {
    clearTimeout(this.timer);
    const [since, mine] = [this.wish, Symbol("answer")];
    Object.assign(this, { wish: null, running: mine });
    try {
      await this.load(since);
    } finally {
      if (this.running === mine) this.running = null;
      if (!this.running && this.wish !== null) this.go();
    }
  }
}
